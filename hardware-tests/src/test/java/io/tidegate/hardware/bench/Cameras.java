package io.tidegate.hardware.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.tinylog.Logger;

/**
 * Cameras that record to a disk, as the video store writes them: every 2 s a fragment of 1 MB (4 Mbit/s) at the end of a
 * file, forced. The two are never in step.
 */
final class Cameras implements AutoCloseable {
    static final int COUNT = 2;
    private static final int FRAGMENT_BYTES = 1_000_000;
    private static final long FRAGMENT_NANOS = 2_000_000_000L;

    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean closing;

    static Cameras start(Path directory) {
        Cameras cameras = new Cameras();
        for (int i = 0; i < COUNT; i++) {
            int number = i;
            Thread thread = new Thread(() -> cameras.record(directory, number), "camera-" + number);
            thread.setDaemon(true);
            thread.start();
            cameras.threads.add(thread);
        }
        return cameras;
    }

    private void record(Path directory, int number) {
        byte[] fragment = new byte[FRAGMENT_BYTES];
        new Random(number).nextBytes(fragment);
        long next = System.nanoTime() + number * FRAGMENT_NANOS / COUNT;
        try (FileChannel file = FileChannel.open(
                directory.resolve("camera-" + number), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            while (!closing) {
                LockSupport.parkNanos(next - System.nanoTime());
                if (System.nanoTime() >= next) {
                    ByteBuffer bytes = ByteBuffer.wrap(fragment);
                    while (bytes.hasRemaining()) {
                        file.write(bytes);
                    }
                    file.force(false);
                    next += FRAGMENT_NANOS;
                }
            }
        } catch (IOException e) {
            Logger.error(e, "A camera stopped recording");
        }
    }

    @Override
    public void close() throws InterruptedException {
        closing = true;
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
            thread.join();
        }
    }
}
