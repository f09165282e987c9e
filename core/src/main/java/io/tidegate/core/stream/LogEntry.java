package io.tidegate.core.stream;

/** What a reader of a shard meets, in order: a record, or the gap where records used to be. */
public sealed interface LogEntry permits StreamRecord, Gap {
    ShardId shard();
}
