package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.core.stream.TimeQuality;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlockPackerTest {
    private static final StreamName STREAM = new StreamName("packed");
    private static final ShardId SHARD = new ShardId(STREAM, 0);
    private static final StartingPosition TRIM = new StartingPosition.TrimHorizon();
    private static final BlockHeader HEADER = new BlockHeader(7, 300, 5, 11, 1000, TimeQuality.SYNCED);

    @TempDir
    Path home;

    private static Block block(byte[] body) {
        return new Block(HEADER, new byte[] {}, BlockCodec.encodeDirectory(List.of()), body);
    }

    private static StoredBlock pack(byte[] body) {
        try (BlockPacker packer = new BlockPacker(Compression.ZSTD)) {
            return packer.pack(block(body));
        }
    }

    private static Block unpack(StoredBlock stored) {
        try (BlockUnpacker unpacker = new BlockUnpacker(Decryptor.plain(1))) {
            return unpacker.unpack(stored);
        }
    }

    private static byte[] readings(int bytesMin) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; text.length() < bytesMin; i++) {
            text.append("{\"temp\":")
                    .append(20 + i % 7)
                    .append(".5,\"n\":")
                    .append(i)
                    .append('}');
        }
        return Payload.ofUtf8(text.toString()).toBytes();
    }

    /** A closed context throws as one does that gets no native memory. */
    @Test
    void body_isStoredAsItIs_whereZstdFails() {
        byte[] raw = readings(20_000);
        BlockPacker packer = new BlockPacker(Compression.ZSTD);
        assertThat(packer.pack(block(raw)).codec()).isEqualTo(StoredBlock.ZSTD);
        packer.close();
        StoredBlock stored = packer.pack(block(raw));
        assertThat(stored.codec()).isEqualTo(StoredBlock.NONE);
        assertThat(unpack(stored).body()).isEqualTo(raw);
    }

    @Test
    void largeBody_isOneZstdFrame_thatAnotherImplementationInflates() throws Exception {
        byte[] raw = readings(20_000);
        StoredBlock stored = pack(raw);
        assertThat(stored.codec()).isEqualTo(StoredBlock.ZSTD);
        assertThat(stored.rawLength()).isEqualTo(raw.length);
        assertThat(stored.body()).hasSizeLessThan(raw.length / 2);
        Path frame = Files.write(home.resolve("body.zst"), stored.body());
        Process zstd = new ProcessBuilder("zstd", "-dc", frame.toString()).start();
        assertThat(zstd.getInputStream().readAllBytes()).isEqualTo(raw);
        assertThat(zstd.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(unpack(stored).body()).isEqualTo(raw);
    }

    @Test
    void smallBody_andOneThatZstdHardlyShrinks_areStoredAsTheyAre() {
        byte[] noise = new byte[50_000];
        new Random(5).nextBytes(noise);
        for (byte[] raw : List.of(new byte[4095], noise, new byte[0])) {
            StoredBlock stored = pack(raw);
            assertThat(stored.codec()).isEqualTo(StoredBlock.NONE);
            assertThat(stored.body()).isSameAs(raw);
            assertThat(unpack(stored).body()).isEqualTo(raw);
        }
        assertThat(pack(new byte[4096]).codec()).isEqualTo(StoredBlock.ZSTD);
    }

    @Test
    void inflating_isBoundedByWhatTheRowSays_andByTheLargestBodyThereIs() {
        StoredBlock stored = pack(readings(20_000));
        for (long claimed :
                new long[] {0, -1, stored.rawLength() - 1, stored.rawLength() + 1, (16 << 20) + 1, 1L << 40}) {
            StoredBlock lying = new StoredBlock(
                    HEADER, stored.control(), stored.directory(), StoredBlock.ZSTD, claimed, stored.body());
            assertThatThrownBy(() -> unpack(lying)).isInstanceOf(DamageException.class);
        }
    }

    private ShardLogSettings settings() {
        return OpenedLogs.settings(home).withMemory(16 << 20, 0);
    }

    private static NewRecord record(String text) {
        return NewRecord.of(STREAM, "k", Payload.ofUtf8(text));
    }

    @Test
    void recordsOfAllSizes_comeBack_withCompressionOnAndOff() throws Exception {
        List<String> written = new ArrayList<>();
        for (Compression compression : List.of(Compression.ZSTD, Compression.NONE, Compression.ZSTD)) {
            ShardLogSettings settings = settings().withCompression(compression);
            try (ShardLog log = OpenedLogs.open(settings, new SystemClock())) {
                if (written.isEmpty()) {
                    log.admin().create(StreamSettings.of(STREAM).withRecordBytesMax(10 << 20));
                }
                for (int length : new int[] {1, 5_000, 1 << 20, (10 << 20) - 1, 70_000}) {
                    String text = "x".repeat(length);
                    LogReader.commit(log, AppendUnit.of(record(text)));
                    written.add(text);
                }
                assertThat(LogReader.texts(LogReader.all(log, SHARD, TRIM))).isEqualTo(written);
            }
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }

    /** Found by the CRC over the packed bytes, so nothing tries to inflate them. */
    @Test
    void flippedBit_inACompressedBody_isAGapOfExactlyThatBlock() throws Exception {
        try (ShardLog log = OpenedLogs.open(settings().withSegmentBytes(64 << 10), new SystemClock())) {
            log.admin().create(StreamSettings.of(STREAM));
            for (int i = 0; i < 3; i++) {
                LogReader.commit(log, AppendUnit.of(record("x".repeat(5_000)), record(i + "")));
            }
            byte[] noise = new byte[100_000];
            new Random(5).nextBytes(noise);
            // Enough for a new segment, so that the flip is in one that is not folded at the next opening.
            LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.wrap(noise))));
            LogReader.commit(log, AppendUnit.of(record("last")));
        }
        flipInFrame(SegmentFile.path(home.resolve("log"), 1), 2);
        try (ShardLog log = OpenedLogs.open(settings(), new SystemClock())) {
            List<LogEntry> entries = LogReader.all(log, SHARD, TRIM);
            assertThat(entries).hasSize(7);
            Gap gap = (Gap) entries.get(2);
            assertThat(List.of(gap.fromInclusive(), gap.toExclusive())).containsExactly(3L, 5L);
            assertThat(gap.reason()).isEqualTo(GapReason.CORRUPT);
            assertThat(LogReader.records(entries))
                    .extracting(StreamRecord::sequenceNumber)
                    .containsExactly(1L, 2L, 5L, 6L, 7L, 8L);
        }
    }

    /** Flips a bit in the so-manieth zstd frame of a file, found by its magic number (RFC 8878, 3.1.1). */
    private static void flipInFrame(Path file, int frame) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int found = 0;
        for (int i = 0; i < bytes.length - 16; i++) {
            if (bytes[i] == 0x28
                    && bytes[i + 1] == (byte) 0xb5
                    && bytes[i + 2] == 0x2f
                    && bytes[i + 3] == (byte) 0xfd
                    && ++found == frame) {
                bytes[i + 12] ^= 1;
                Files.write(file, bytes);
                return;
            }
        }
        throw new AssertionError("no frame " + frame + " in " + file);
    }

    @Test
    void withoutTheNativeLibrary_blocksAreStoredAsTheyAre_andCompressedOnesAreAClearError() throws Exception {
        String told = runWithoutZstd();
        assertThat(told).contains("stored 10000").contains("Blocks of the log are not compressed");
        try (ShardLog log = OpenedLogs.open(settings(), new SystemClock())) {
            assertThat(LogReader.texts(LogReader.all(log, SHARD, TRIM))).containsExactly("x".repeat(10_000));
            LogReader.commit(log, AppendUnit.of(record("y".repeat(10_000))));
        }
        byte[] before = Files.readAllBytes(SegmentFile.path(home.resolve("log"), 1));
        assertThat(runWithoutZstd()).contains("is compressed with zstd, whose library cannot be loaded: ");
        assertThat(Files.readAllBytes(SegmentFile.path(home.resolve("log"), 1))).isEqualTo(before);
        assertThat(SegmentFile.list(home.resolve("log"))).containsExactly(1);
    }

    private String runWithoutZstd() throws Exception {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-DZstdNativePath=" + home.resolve("missing"),
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        WithoutZstdChild.class.getName(),
                        home.toString())
                .redirectErrorStream(true)
                .start();
        try {
            return new String(child.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        } finally {
            child.destroyForcibly();
            assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
    }
}
