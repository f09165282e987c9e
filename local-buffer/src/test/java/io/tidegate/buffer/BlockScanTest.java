package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.stream.TimeQuality;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlockScanTest {
    private static final int PAGE_BYTES = 4096;
    private static final int TABLE_LEAF = 13; // sqlite.org/fileformat.html 1.6
    private static final int BLOCKS = 600;
    private static final int RAW_BYTES = 256 << 10;

    @TempDir
    Path home;

    /** Blocks of 256 KiB that are less than 100 bytes on disk: dozens are in each page. */
    private Path write() throws Exception {
        LogState state = new LogState();
        SegmentFile.create(home, 1, state.snapshot("gateway-under-test", 1, List.of()), LogEncryption.none());
        LiveSegment live = LiveSegment.open(home, 1, LogEncryption.none());
        try (BlockPacker packer = new BlockPacker(Compression.ZSTD)) {
            for (long lsn = 1; lsn <= BLOCKS; lsn++) {
                BlockHeader header = new BlockHeader(lsn, 1, 1, lsn, lsn, TimeQuality.SYNCED);
                live.insert(packer.pack(
                        new Block(header, new byte[0], BlockCodec.encodeDirectory(List.of()), new byte[RAW_BYTES])));
            }
        }
        live.checkpointAll();
        assertThat(live.close()).isEmpty();
        return SegmentFile.path(home, 1);
    }

    /** Overwrites the leaf in the middle of those that the file has. */
    private static void destroyLeaf(Path file) throws Exception {
        byte[] bytes = Files.readAllBytes(file);
        List<Integer> leaves = new ArrayList<>();
        for (int at = PAGE_BYTES; at < bytes.length; at += PAGE_BYTES) {
            if (bytes[at] == TABLE_LEAF) {
                leaves.add(at);
            }
        }
        assertThat(leaves).hasSizeGreaterThan(8);
        int middle = leaves.get(leaves.size() / 2);
        Arrays.fill(bytes, middle, middle + PAGE_BYTES, (byte) 0x55);
        Files.write(file, bytes);
    }

    @Test
    void destroyedLeaf_ofASegmentThatIsLargeOnceInflated_isPassedHoldingOneBlockAtATime() throws Exception {
        Path file = write();
        destroyLeaf(file);
        List<Long> sound = new ArrayList<>();
        List<Long> damaged = new ArrayList<>();
        List<WeakReference<Block>> shown = new ArrayList<>();
        int[] held = {BLOCKS};
        BlockScan.Sink sink = new BlockScan.Sink() {
            @Override
            public void sound(Block block) {
                sound.add(block.lsn());
                shown.add(new WeakReference<>(block));
                if (block.lsn() == BLOCKS - 1) {
                    // What was shown before may go; the collector is asked until it has been by.
                    await().atMost(Duration.ofSeconds(10))
                            .pollInterval(Duration.ofMillis(50))
                            .until(() -> {
                                System.gc();
                                held[0] = (int) shown.stream()
                                        .filter(each -> each.get() != null)
                                        .count();
                                return held[0] <= 2;
                            });
                }
            }

            @Override
            public void damaged(long lsn, String cause) {
                damaged.add(lsn);
            }
        };
        try (SegmentReader reader = SegmentReader.open(file, true, LogEncryption.none())) {
            reader.scan(sink);
        }
        assertThat(held[0]).isLessThanOrEqualTo(2);
        assertThat(sound).isSorted().doesNotHaveDuplicates().startsWith(1L).endsWith((long) BLOCKS);
        // Not more are lost than a page holds of blocks of 50 bytes and more.
        assertThat(sound).hasSizeBetween(BLOCKS - PAGE_BYTES / 50, BLOCKS - 1);
        assertThat(damaged).contains(-1L);
    }
}
