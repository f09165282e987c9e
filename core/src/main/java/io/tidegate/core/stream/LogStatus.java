package io.tidegate.core.stream;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The log at a glance.
 *
 * @param lastLsn the newest resolved commit, 0 if there is none
 * @param bytesOnDisk segment files and their write-ahead logs
 * @param commits since the log was opened
 * @param recordsCommitted since the log was opened
 * @param duplicates second copies recognised since the log was opened
 * @param queuedBytes waiting for the writer
 * @param wear what the log makes the medium write
 * @param encryption which segments are encrypted
 * @param failure why nothing can be appended now, null if it can
 */
public record LogStatus(
        long epoch,
        long lastLsn,
        int segments,
        long bytesOnDisk,
        long commits,
        long recordsCommitted,
        long duplicates,
        long queuedBytes,
        Wear wear,
        Encryption encryption,
        @Nullable String failure) {
    /**
     * What the log makes the medium write: pages to the write-ahead log and back, new segments, the file system's
     * journal; counted as docs/design/0001-shard-log.md says.
     *
     * @param writtenBytes since the log was opened
     * @param payloadBytes data and keys of the records stored since the log was opened
     * @param dayBytes written in the present day of powered-on time, about
     * @param budgetBytesPerDay what the interval between commits keeps to, 0: no limit
     * @param commitIntervalMillis the least time between two commits, as it is now
     */
    public record Wear(
            long writtenBytes, long payloadBytes, long dayBytes, long budgetBytesPerDay, long commitIntervalMillis) {
        public static final Wear NONE = new Wear(0, 0, 0, 0, 0);

        /** Bytes written per byte stored, 0 before anything was stored. */
        public double writtenPerPayloadByte() {
            return payloadBytes == 0 ? 0 : (double) writtenBytes / payloadBytes;
        }
    }

    /**
     * Which segments are encrypted with which key.
     *
     * @param key the id of the key of new segments, null if they are not encrypted
     * @param segmentsByKey per id of a key how many segments need it; the others are not encrypted
     */
    public record Encryption(@Nullable String key, SortedMap<String, Integer> segmentsByKey) {
        public static final Encryption NONE = new Encryption(null, new TreeMap<>());

        public Encryption {
            segmentsByKey = Collections.unmodifiableSortedMap(new TreeMap<>(segmentsByKey));
        }

        public int encryptedSegments() {
            return segmentsByKey.values().stream().mapToInt(Integer::intValue).sum();
        }
    }
}
