package io.tidegate.adapters;

/**
 * What a channel has taken in since it was opened, in messages.
 *
 * @param stored durable in the stream of their route, second copies not counted
 * @param duplicates recognised as second copies, acknowledged
 * @param rejected durable in {@code _rejected}
 * @param dropped acknowledged and forgotten, because a route says so
 * @param refused not stored, and not acknowledged as stored: the log had no room, or could not take such a record
 * @param busy how often a message had to wait because the log was behind
 * @param bytes payload bytes of what was stored or rejected
 */
public record IngestCounts(
        long stored, long duplicates, long rejected, long dropped, long refused, long busy, long bytes) {}
