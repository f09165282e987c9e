package io.tidegate.core.runtime;

/**
 * How the heap is split among what buffers: one budget per user, in bytes, that together stay below half of the heap.
 * Budgets grow with the heap.
 */
public record MemoryPlan(
        long putQueueBytes,
        long blockCacheBytes,
        long uplinkBytes,
        long ruleBytes,
        long mqttInFlightBytes,
        long httpBodyBytes,
        long videoQueueBytes) {
    private static final long HEAP_BYTES_MIN = 32L << 20;

    /** Splits a heap of this size; throws IllegalArgumentException below 32 MiB. */
    public static MemoryPlan ofHeap(long heapBytes) {
        if (heapBytes < HEAP_BYTES_MIN) {
            throw new IllegalArgumentException("the heap must be at least 32 MiB, found " + heapBytes + " bytes");
        }
        return new MemoryPlan(
                heapBytes / 12,
                heapBytes / 12,
                heapBytes / 12,
                heapBytes / 24,
                heapBytes / 24,
                heapBytes / 24,
                heapBytes / 24);
    }

    public long totalBytes() {
        return putQueueBytes
                + blockCacheBytes
                + uplinkBytes
                + ruleBytes
                + mqttInFlightBytes
                + httpBodyBytes
                + videoQueueBytes;
    }
}
