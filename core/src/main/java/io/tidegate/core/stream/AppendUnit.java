package io.tidegate.core.stream;

import java.util.List;

/** Records, checkpoints and state that become durable together or not at all. At most 4 MiB, or one record alone. */
public record AppendUnit(
        List<NewRecord> records,
        List<CheckpointUpdate> checkpoints,
        List<StateUpdate> state,
        List<Expectation> expected) {
    public static final int BYTES_MAX = 4 << 20;

    public AppendUnit {
        records = List.copyOf(records);
        checkpoints = List.copyOf(checkpoints);
        state = List.copyOf(state);
        expected = List.copyOf(expected);
        if (records.size() > 1) {
            long bytes =
                    records.stream().mapToLong(record -> record.data().length()).sum();
            if (bytes > BYTES_MAX) {
                throw new IllegalArgumentException(
                        "a unit holds at most " + BYTES_MAX + " bytes of data, found " + bytes);
            }
        }
    }

    public static AppendUnit of(NewRecord... records) {
        return new AppendUnit(List.of(records), List.of(), List.of(), List.of());
    }

    public static AppendUnit of(List<NewRecord> records) {
        return new AppendUnit(records, List.of(), List.of(), List.of());
    }
}
