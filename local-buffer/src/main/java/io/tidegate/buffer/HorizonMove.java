package io.tidegate.buffer;

/**
 * A horizon that is to move, and from where: it moves only if it still stands there when it is decided.
 *
 * @param from the horizon that {@code moved} was worked out from; its bytes are those between the two
 */
record HorizonMove(long from, ControlEntry.HorizonMoved moved) {}
