package io.tidegate.core.stream;

/** Where a reader of one shard starts (Kinesis GetShardIterator, ShardIteratorType). */
public sealed interface StartingPosition {
    /** The oldest retained record. */
    record TrimHorizon() implements StartingPosition {}

    /** After the newest committed record. */
    record Latest() implements StartingPosition {}

    /** The record with this number, or the first after it. */
    record AtSequenceNumber(long sequenceNumber) implements StartingPosition {}

    /** The first record with a greater number. */
    record AfterSequenceNumber(long sequenceNumber) implements StartingPosition {}

    /**
     * The first record, in the order of the shard, that arrived at this Unix time in milliseconds or later, by corrected
     * time ({@link StreamLog#correctedTimeMillis}); the records of one commit start together.
     */
    record AtTimestamp(long timeMillis) implements StartingPosition {}
}
