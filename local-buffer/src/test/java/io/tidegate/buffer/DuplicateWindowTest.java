package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** I12 of docs/design/0001-shard-log.md: how long a second copy is recognised, and that no restart changes it. */
class DuplicateWindowTest {
    private static final StreamName STREAM = new StreamName("press");
    private static final StreamName OTHER = new StreamName("oven");

    @TempDir
    Path home;

    private ShardLog open(int keysMax) {
        ShardLogSettings settings = OpenedLogs.settings(home)
                .withSegmentBytes(64 << 10)
                .withCompression(Compression.NONE)
                .withDuplicateKeysMax(keysMax);
        ShardLog log = OpenedLogs.open(settings, new SystemClock());
        log.admin().create(StreamSettings.of(STREAM).withShards(4));
        log.admin().create(StreamSettings.of(OTHER));
        return log;
    }

    private static AppendResult.Placed put(ShardLog log, StreamName stream, String key, long number, String text)
            throws Exception {
        NewRecord record = NewRecord.of(stream, key, Payload.ofUtf8(text)).withDeviceNumber(number);
        return LogReader.commit(log, AppendUnit.of(record)).places().get(0);
    }

    private static boolean isKnown(ShardLog log, String key, long number) throws Exception {
        return put(log, STREAM, key, number, "reading " + number).duplicate();
    }

    @Test
    void theLast64Numbers_areRecognised_the65thBackIsNot_overARestartToo() throws Exception {
        try (ShardLog log = open(10)) {
            for (long number = 1; number <= 65; number++) {
                assertThat(isKnown(log, "k", number)).isFalse();
            }
            assertThat(isKnown(log, "k", 2)).isTrue();
            assertThat(isKnown(log, "k", 65)).isTrue();
        }
        try (ShardLog log = open(10)) {
            assertThat(isKnown(log, "k", 65)).isTrue();
            assertThat(isKnown(log, "k", 2)).isTrue();
            assertThat(isKnown(log, "k", 1)).as("the 65th back is stored again").isFalse();
            assertThat(isKnown(log, "k", 2)).as("pushed out by it").isFalse();
        }
    }

    @Test
    void secondCopy_isAnsweredWithThePlaceOfTheFirst() throws Exception {
        try (ShardLog log = open(10)) {
            AppendResult.Placed first = put(log, STREAM, "k", 7, "a");
            put(log, STREAM, "k", 8, "b");
            AppendResult.Placed again = put(log, STREAM, "k", 7, "a");
            assertThat(again).isEqualTo(new AppendResult.Placed(first.shard(), first.sequenceNumber(), true));
        }
    }

    @Test
    void sameNumber_withOtherData_orOfAnotherKeyOrStream_isAnotherRecord() throws Exception {
        try (ShardLog log = open(10)) {
            put(log, STREAM, "k", 7, "a");
            assertThat(put(log, STREAM, "k", 7, "b").duplicate())
                    .as("a device that counts from the start again")
                    .isFalse();
            assertThat(put(log, STREAM, "other", 7, "a").duplicate()).isFalse();
            assertThat(put(log, OTHER, "k", 7, "a").duplicate())
                    .as("a key whose route now leads to another stream")
                    .isFalse();
            assertThat(put(log, OTHER, "k", 7, "a").duplicate()).isTrue();
            assertThat(put(log, STREAM, "k", 7, "a").duplicate())
                    .as("and back again")
                    .isTrue();
        }
    }

    @Test
    void twoCopiesInOneUnit_areOneRecord() throws Exception {
        try (ShardLog log = open(10)) {
            NewRecord record = NewRecord.of(STREAM, "k", Payload.ofUtf8("a")).withDeviceNumber(1L);
            List<AppendResult.Placed> places =
                    LogReader.commit(log, AppendUnit.of(record, record)).places();
            assertThat(places).extracting(AppendResult.Placed::duplicate).containsExactly(false, true);
            assertThat(places.get(1).sequenceNumber()).isEqualTo(places.get(0).sequenceNumber());
        }
    }

    @Test
    void keyThatWasAppendedToLongestAgo_isGivenUpFirst_andARestartGivesUpTheSame() throws Exception {
        try (ShardLog log = open(2)) {
            assertThat(isKnown(log, "a", 1)).isFalse();
            assertThat(isKnown(log, "b", 1)).isFalse();
            // Looked up, not appended to: no younger for it.
            assertThat(isKnown(log, "a", 1)).isTrue();
            assertThat(isKnown(log, "c", 1)).isFalse();
        }
        try (ShardLog log = open(2)) {
            assertThat(isKnown(log, "b", 1)).isTrue();
            assertThat(isKnown(log, "c", 1)).isTrue();
            assertThat(isKnown(log, "a", 1)).as("given up").isFalse();
        }
    }

    @Test
    void window_isTheSameFromSnapshotAndBlocks_asItWasBefore() throws Exception {
        try (ShardLog log = open(3)) {
            for (int i = 0; i < 300; i++) {
                put(log, STREAM, "key-" + i % 4, i, "x".repeat(1_000) + i);
            }
            assertThat(log.status().segments()).isGreaterThan(2);
        }
        try (ShardLog log = open(3)) {
            // Three keys stay, the one that was appended to longest ago (299 % 4 = 3, so key 0) has gone.
            for (int i = 299 - 2; i <= 299; i++) {
                assertThat(put(log, STREAM, "key-" + i % 4, i, "x".repeat(1_000) + i)
                                .duplicate())
                        .as("key-" + i % 4)
                        .isTrue();
            }
            assertThat(put(log, STREAM, "key-0", 296, "x".repeat(1_000) + 296).duplicate())
                    .isFalse();
        }
    }

    @Test
    void givenUpKeys_areCounted() {
        DuplicateWindow window = new DuplicateWindow(2);
        for (String key : List.of("a", "b", "a", "c", "d")) {
            window.add(new DuplicateWindow.Key(STREAM, key), new DuplicateWindow.Seen(1, 2, 0, 1));
        }
        assertThat(window.keys()).isEqualTo(2);
        assertThat(window.evicted()).isEqualTo(2);
    }
}
