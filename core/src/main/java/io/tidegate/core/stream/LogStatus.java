package io.tidegate.core.stream;

/**
 * The log at a glance.
 *
 * @param lastLsn the newest resolved commit, 0 if there is none
 * @param bytesOnDisk segment files and their write-ahead logs
 * @param commits since the log was opened
 * @param recordsCommitted since the log was opened
 * @param duplicates second copies recognised since the log was opened
 * @param queuedBytes waiting for the writer
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
        @org.jspecify.annotations.Nullable String failure) {}
