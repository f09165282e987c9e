package io.tidegate.capture;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The two calls that make files durable, in one place so that a test can see when they happen. Thread-safe. */
interface Forcer {
    /** Returns when the file's bytes and length are on the device. */
    void force(Path file, FileChannel channel) throws IOException;

    /** Returns when the directory's entries are on the device. */
    void forceDirectory(Path directory) throws IOException;

    Forcer SYSTEM = new Forcer() {
        @Override
        public void force(Path file, FileChannel channel) throws IOException {
            channel.force(false);
        }

        @Override
        public void forceDirectory(Path directory) throws IOException {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    };
}
