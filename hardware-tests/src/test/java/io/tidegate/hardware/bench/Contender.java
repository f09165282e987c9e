package io.tidegate.hardware.bench;

import io.tidegate.core.stream.NewRecord;
import java.nio.file.Path;
import java.util.List;

/** One way to store records durably, a group at a time. */
interface Contender {
    /**
     * What it took.
     *
     * @param cpuMicros of the thread that writes, per record
     */
    record Cost(double recordsPerSecond, double cpuMicros) {}

    String name();

    /** The settings that matter. */
    String configuration();

    /**
     * Stores groups in an empty directory; measures those after the first few.
     *
     * @param warmUp groups that are stored first and do not count
     */
    Cost run(Path directory, List<List<NewRecord>> groups, int warmUp, int measured) throws Exception;
}
