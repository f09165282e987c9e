package io.tidegate.buffer;

import io.tidegate.core.stream.ShardId;
import java.util.List;

/**
 * What was salvaged of a damaged log, and what was not.
 *
 * @param leftOut commits that are whole and contradict what is known of the log; nothing of them was taken
 */
public record SalvageReport(List<Segment> segments, List<Shard> shards, long leftOut) {
    public SalvageReport {
        segments = List.copyOf(segments);
        shards = List.copyOf(shards);
    }

    /**
     * One file of the damaged log.
     *
     * @param commits that were found in it
     * @param isStateWhole its copy of the log's state can be read
     * @param badPages pages of 4,096 bytes, from 1, in which nothing is right
     */
    public record Segment(int number, int pages, int commits, boolean isStateWhole, List<Integer> badPages) {
        public Segment {
            badPages = List.copyOf(badPages);
        }
    }

    /**
     * One shard.
     *
     * @param records that can be read in the new log
     * @param first the number of the first of them; 0: there is none
     * @param last the number of the last of them
     */
    public record Shard(ShardId id, long records, long first, long last, List<Missing> missing) {
        public Shard {
            missing = List.copyOf(missing);
        }
    }

    /**
     * Numbers from first to last that are in no commit.
     *
     * @param records how many records they were; at most so many if not exact
     */
    public record Missing(long first, long last, long records, boolean exact) {}

    /** Everything that the log says it had is there; what nobody ever confirmed apart. */
    public boolean isComplete() {
        return leftOut == 0 && shards.stream().allMatch(shard -> shard.missing().isEmpty());
    }

    public long records() {
        return shards.stream().mapToLong(Shard::records).sum();
    }
}
