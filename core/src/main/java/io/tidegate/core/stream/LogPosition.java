package io.tidegate.core.stream;

/**
 * A place in commit order, before the record that it names: everything earlier has been read.
 *
 * @param lsn the number of the commit
 * @param index the record within the commit, over all shards, from 0
 */
public record LogPosition(long lsn, int index) implements Comparable<LogPosition> {
    /** Before everything that is retained. */
    public static final LogPosition TRIM_HORIZON = new LogPosition(0, 0);
    /** After everything that is committed when the cursor is opened. */
    public static final LogPosition LATEST = new LogPosition(Long.MAX_VALUE, 0);

    public LogPosition {
        if (lsn < 0 || index < 0) {
            throw new IllegalArgumentException("log position must not be negative, found " + lsn + ":" + index);
        }
    }

    @Override
    public int compareTo(LogPosition other) {
        int byLsn = Long.compare(lsn, other.lsn);
        return byLsn != 0 ? byLsn : Integer.compare(index, other.index);
    }

    @Override
    public String toString() {
        return lsn + ":" + index;
    }
}
