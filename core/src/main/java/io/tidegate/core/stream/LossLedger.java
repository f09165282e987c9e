package io.tidegate.core.stream;

/** What became of every record that a shard ever took: {@code appended = retained + expired + evicted + corrupt}. */
public record LossLedger(ShardId shard, long appended, long retained, long expired, long evicted, long corrupt) {
    public boolean balances() {
        return appended == retained + expired + evicted + corrupt;
    }
}
