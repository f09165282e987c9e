package io.tidegate.gateway;

import io.tidegate.buffer.LogEncryption;
import io.tidegate.buffer.MasterKey;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** The keys of an encrypted log, for commands that work on its files. */
final class KeyOption {
    @Option(
            names = "--key",
            paramLabel = "FILE",
            description = "A key file of an encrypted log; may be repeated (see 'tidegate keys').")
    private List<Path> files = List.of();

    /** Reads the files; to be closed when the log has been read. */
    LogEncryption open() {
        return LogEncryption.of(files.stream().map(MasterKey::read).toList());
    }
}
