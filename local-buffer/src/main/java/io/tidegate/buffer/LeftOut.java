package io.tidegate.buffer;

/**
 * Neighbouring records of one run that a rewritten block has no more.
 *
 * @param index place of the first among all records of the block, as it was committed
 * @param firstSequenceNumber of the first; the others follow densely
 */
record LeftOut(int index, int ordinal, long firstSequenceNumber, int count) {
    LeftOut {
        if (index < 0 || count < 1) {
            throw new DamageException(count + " records left out at " + index);
        }
    }
}
