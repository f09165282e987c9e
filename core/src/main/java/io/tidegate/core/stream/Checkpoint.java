package io.tidegate.core.stream;

/** How far a consumer has come, durably, with at most 4 KiB of its own beside. */
public sealed interface Checkpoint {
    int OPAQUE_BYTES_MAX = 4096;

    /** What the consumer keeps beside its place; the log does not look into it. */
    Payload opaque();

    /** Everything below this sequence number of the shard is done. */
    record InShard(long nextSequenceNumber, Payload opaque) implements Checkpoint {
        public InShard {
            if (nextSequenceNumber < 1) {
                throw new IllegalArgumentException("sequence numbers start at 1, found " + nextSequenceNumber);
            }
            checkOpaque(opaque);
        }
    }

    /** Everything before this position is done. */
    record InCommitOrder(LogPosition next, Payload opaque) implements Checkpoint {
        public InCommitOrder {
            checkOpaque(opaque);
        }
    }

    private static void checkOpaque(Payload opaque) {
        if (opaque.length() > OPAQUE_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a checkpoint holds at most " + OPAQUE_BYTES_MAX + " opaque bytes, found " + opaque.length());
        }
    }
}
