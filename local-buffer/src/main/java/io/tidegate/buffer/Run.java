package io.tidegate.buffer;

/**
 * The records of one shard in one block: the entry of a block's directory.
 *
 * @param ordinal the shard's number within the log
 * @param firstSequenceNumber of the first of them; the others follow densely
 * @param count how many
 * @param bytes their data and partition keys
 */
record Run(int ordinal, long firstSequenceNumber, int count, long bytes) {
    Run {
        if (ordinal < 0 || firstSequenceNumber < 1 || count < 1 || bytes < 0) {
            throw new DamageException("not a run: shard " + ordinal + ", " + count + " records from "
                    + firstSequenceNumber + ", " + bytes + " bytes");
        }
    }

    long nextSequenceNumber() {
        return firstSequenceNumber + count;
    }
}
