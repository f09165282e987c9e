package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A reshard or a deletion whose commit, or whose whole segment, cannot be read any more. */
class LostReshardTest {
    private static final long JUMP = 1L << 32;
    private static final StreamName STREAM = new StreamName("press");
    private static final StreamName DELETED = new StreamName("saw");
    private static final StartingPosition TRIM = new StartingPosition.TrimHorizon();
    private static final int KEYS = 16;

    @TempDir
    Path home;

    /** Each shard's numbers that somebody has been told. */
    private final Map<ShardId, Set<Long>> given = new HashMap<>();

    private ShardLog open() {
        return OpenedLogs.open(OpenedLogs.settings(home).withSegmentBytes(64 << 10), new SystemClock());
    }

    private static StreamDescription describe(ShardLog log) {
        return log.admin().describe(STREAM).orElseThrow();
    }

    private static List<ShardId> ids(List<ShardDescription> shards) {
        return shards.stream().map(ShardDescription::id).toList();
    }

    private AppendResult.Placed append(ShardLog log, String key, String text) throws Exception {
        AppendResult.Placed placed = LogReader.commit(
                        log, AppendUnit.of(NewRecord.of(STREAM, key, Payload.ofUtf8(text))))
                .places()
                .get(0);
        assertThat(given.computeIfAbsent(placed.shard(), none -> new HashSet<>())
                        .add(placed.sequenceNumber()))
                .as("a new number: %s", placed)
                .isTrue();
        return placed;
    }

    /** Older segments with records of the parent; in the live one more of them, the reshard, and records of children. */
    private StreamDescription writeAcrossAReshard() throws Exception {
        try (ShardLog log = open()) {
            log.admin().create(StreamSettings.of(StreamName.GAPS));
            log.admin().create(StreamSettings.of(STREAM));
            log.admin().create(StreamSettings.of(DELETED));
            int segments = log.status().segments();
            while (log.status().segments() < segments + 2) {
                append(log, "k", "old" + "x".repeat(500));
            }
            append(log, "k", "last of the parent");
            log.admin().updateShardCount(STREAM, 2);
            log.admin().delete(DELETED);
            for (int i = 0; i < KEYS; i++) {
                append(log, "key-" + i, "child-" + i);
            }
            StreamDescription described = describe(log);
            assertThat(ids(described.shards())).containsExactly(shard(0), shard(1), shard(2));
            return described;
        }
    }

    private static ShardId shard(int number) {
        return new ShardId(STREAM, number);
    }

    private Path newest() throws IOException {
        List<Integer> segments = SegmentFile.list(home.resolve("log"));
        return SegmentFile.path(home.resolve("log"), segments.get(segments.size() - 1));
    }

    /** Flips a bit of the commit that holds such an entry. */
    private void damageCommitWith(Class<? extends ControlEntry> entry) throws Exception {
        Path file = newest();
        byte[] control = new byte[0];
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT control FROM block ORDER BY lsn")) {
            while (rows.next()) {
                byte[] found = rows.getBytes(1);
                if (ControlCodec.decodeAll(found).stream().anyMatch(entry::isInstance)) {
                    control = found;
                }
            }
        }
        byte[] bytes = Files.readAllBytes(file);
        int at = new String(bytes, StandardCharsets.ISO_8859_1)
                .indexOf(new String(control, StandardCharsets.ISO_8859_1));
        assertThat(control).isNotEmpty();
        assertThat(at).isPositive();
        bytes[at + control.length / 2] ^= 1;
        Files.write(file, bytes);
    }

    private void destroyNewest() throws IOException {
        byte[] bytes = Files.readAllBytes(newest());
        Arrays.fill(bytes, 0, 4096, (byte) 0x55);
        Files.write(newest(), bytes);
    }

    private void assertBalanced(ShardLog log) {
        for (ShardDescription shard : describe(log).shards()) {
            assertThat(log.ledger(shard.id()).balances()).as("%s", shard).isTrue();
        }
    }

    @Test
    void reshardInADamagedCommit_holds_andNoRecordIsLost() throws Exception {
        StreamDescription before = writeAcrossAReshard();
        damageCommitWith(ControlEntry.ShardClosed.class);
        for (int opening = 0; opening < 2; opening++) {
            try (ShardLog log = open()) {
                assertThat(describe(log)).isEqualTo(before);
                assertThat(LogReader.texts(LogReader.all(log, shard(0), TRIM)))
                        .hasSize(given.getOrDefault(shard(0), Set.of()).size())
                        .endsWith("last of the parent");
                assertThat(LogReader.records(LogReader.all(log, shard(1), TRIM)).size()
                                + LogReader.records(LogReader.all(log, shard(2), TRIM))
                                        .size())
                        .isEqualTo(KEYS);
                assertThat(log.admin().describe(DELETED)).isEmpty();
                assertBalanced(log);
            }
        }
        try (ShardLog log = open()) {
            assertThat(append(log, "key-0", "after").shard()).isIn(shard(1), shard(2));
            assertBalanced(log);
        }
    }

    @Test
    void reshardInALostSegment_holds_andNoNumberIsUsedTwice() throws Exception {
        StreamDescription before = writeAcrossAReshard();
        destroyNewest();
        try (ShardLog log = open()) {
            StreamDescription found = describe(log);
            assertThat(ids(found.openShards())).containsExactly(shard(1), shard(2));
            for (int i = 0; i < 3; i++) {
                ShardDescription shard = found.shards().get(i);
                assertThat(shard.range()).isEqualTo(before.shards().get(i).range());
                assertThat(shard.parents()).isEqualTo(before.shards().get(i).parents());
            }
            assertThat(log.admin().describe(DELETED)).isEmpty();
            // The closing says where the parent ends: its readers come to exactly there, over a gap.
            assertThat(found.shards().get(0).nextSequenceNumber())
                    .isEqualTo(before.shards().get(0).nextSequenceNumber());
            try (var reader = log.cursor(shard(0), TRIM)) {
                boolean ended = false;
                for (int i = 0; i < 10_000 && !ended; i++) {
                    ended = reader.read(100_000).ended();
                }
                assertThat(ended).isTrue();
            }
            for (int i = 0; i < KEYS; i++) {
                assertThat(append(log, "key-" + i, "after").sequenceNumber()).isGreaterThan(JUMP);
            }
            assertBalanced(log);
        }
        try (ShardLog log = open()) {
            for (int child = 1; child <= 2; child++) {
                assertThat(LogReader.texts(LogReader.all(log, shard(child), TRIM)))
                        .isNotEmpty()
                        .containsOnly("after");
            }
            log.admin().create(StreamSettings.of(DELETED));
            assertThat(ids(log.admin().describe(DELETED).orElseThrow().shards()))
                    .containsExactly(new ShardId(DELETED, 1));
            assertBalanced(log);
        }
    }

    @Test
    void reshardInALostSegment_withoutTheCopyOfTheList_isUndone_andNoNumberIsUsedTwice() throws Exception {
        writeAcrossAReshard();
        destroyNewest();
        Files.delete(home.resolve("log").resolve(ShardCatalog.NAME));
        try (ShardLog log = open()) {
            assertThat(ids(describe(log).shards())).containsExactly(shard(0));
            assertThat(append(log, "key-0", "after").sequenceNumber()).isGreaterThan(JUMP);
            // The children get the names that those had which nobody remembers, and other numbers.
            log.admin().updateShardCount(STREAM, 2);
            for (int i = 0; i < KEYS; i++) {
                append(log, "key-" + i, "new-child");
            }
            assertBalanced(log);
        }
        try (ShardLog log = open()) {
            List<StreamRecord> records = LogReader.records(LogReader.all(log, shard(1), TRIM));
            assertThat(records).isNotEmpty().allSatisfy(record -> assertThat(record.sequenceNumber())
                    .isGreaterThan(JUMP));
            assertBalanced(log);
        }
    }
}
