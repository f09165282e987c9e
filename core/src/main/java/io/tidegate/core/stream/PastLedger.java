package io.tidegate.core.stream;

/**
 * What became of the records of shards of a stream that are not listed any more:
 * {@code appended = expired + evicted + corrupt}. Only ever grows, so that the sums over a stream never go back.
 */
public record PastLedger(long appended, long expired, long evicted, long corrupt) {
    public static final PastLedger NONE = new PastLedger(0, 0, 0, 0);

    public boolean balances() {
        return appended == expired + evicted + corrupt;
    }
}
