package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentStoreTest {
    private static final StreamName STREAM = new StreamName("press");

    @TempDir
    Path home;

    private void write() throws Exception {
        try (ShardLog log = OpenedLogs.open(OpenedLogs.settings(home), new SystemClock())) {
            log.admin().create(StreamSettings.of(STREAM));
            for (int i = 0; i < 3; i++) {
                LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8("a"))));
            }
        }
    }

    /** The disk takes its time over one block. */
    private static final class SlowRead implements BlockScan.Sink {
        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch release = new CountDownLatch(1);

        @Override
        public void sound(Block block) {
            begun.countDown();
            try {
                assertThat(release.await(60, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void damaged(long lsn, String cause) {
            throw new AssertionError(cause);
        }
    }

    @Test
    void readThatLasts_isWaitedForByOtherReaders_andNeverByACommit() throws Exception {
        write();
        ExecutorService threads = Executors.newCachedThreadPool();
        SlowRead slow = new SlowRead();
        try (SegmentStore store = new SegmentStore(home.resolve("log"), LogEncryption.none(), new SegmentKeys())) {
            store.setLive(2, 6, new SegmentIndex());
            store.addClosed(new SegmentSummary(1, 1, 6, 0, 0, 0, true, List.of()));
            SegmentReader reader = store.reader(1);
            Future<?> reading = threads.submit(() -> {
                reader.scan(slow);
                return null;
            });
            assertThat(slow.begun.await(30, TimeUnit.SECONDS)).isTrue();
            Future<List<Block>> other = threads.submit(() -> store.read(1, 1, 6, 1 << 20));
            assertThatThrownBy(() -> other.get(200, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
            // What a commit asks for when it is published.
            assertThat(threads.submit(store::liveIndex).get(10, TimeUnit.SECONDS))
                    .isNotNull();
            Future<?> drop = threads.submit(() -> store.dropReaders(1));
            assertThatThrownBy(() -> drop.get(200, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
            assertThat(threads.submit(store::liveIndex).get(10, TimeUnit.SECONDS))
                    .isNotNull();
            slow.release.countDown();
            reading.get(30, TimeUnit.SECONDS);
            drop.get(30, TimeUnit.SECONDS);
            assertThat(other.get(30, TimeUnit.SECONDS)).isNotEmpty();
        } finally {
            slow.release.countDown();
            threads.shutdownNow();
        }
    }

    /** The keeper removes a segment between a reader's look at its file and the opening; that is no failure to retry. */
    @Test
    void segmentThatIsRemovedWhileItIsOpened_isGone() throws Exception {
        write();
        Path file = SegmentFile.path(home.resolve("log"), 1);
        try (SegmentReaders readers = new SegmentReaders(home.resolve("log"), LogEncryption.none(), number -> {
            SegmentFile.walPath(file).toFile().delete();
            return file.toFile().delete();
        })) {
            assertThatThrownBy(() -> readers.reader(1)).isInstanceOf(NoSuchFileException.class);
        }
    }
}
