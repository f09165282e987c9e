package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A card that is copied, and a home that is opened twice. */
class ClonedHomeTest {
    private static final StreamName STREAM = new StreamName("press");
    private static final ShardId SHARD = new ShardId(STREAM, 0);

    @TempDir
    Path temporary;

    @Test
    void aCopyOfAHome_goesOnUnderAnotherEpoch_withTheSamePredecessor() throws Exception {
        Path original = temporary.resolve("original");
        Path copy = temporary.resolve("copy");
        try (ShardLog log = open(original, 1)) {
            log.admin().create(StreamSettings.of(STREAM));
            append(log);
        }
        copy(original, copy);
        try (ShardLog one = open(original, 2);
                ShardLog other = open(copy, 3)) {
            append(one);
            append(other);
            List<ShardEpoch> chain = one.epochs(SHARD);
            List<ShardEpoch> otherChain = other.epochs(SHARD);
            assertThat(chain).hasSize(2);
            assertThat(otherChain).hasSize(2);
            assertThat(chain.get(0)).isEqualTo(otherChain.get(0));
            assertThat(chain.get(1).epoch()).isNotEqualTo(otherChain.get(1).epoch());
        }
    }

    @Test
    void aHome_isOpenOnce_andTheSecondIsToldByWhom() {
        try (ShardLog log = open(temporary, 1)) {
            assertThatThrownBy(() -> open(temporary, 2))
                    .isInstanceOf(StreamLogException.class)
                    .hasMessageContaining("in use by another process")
                    .hasMessageContaining("pid " + ProcessHandle.current().pid());
            assertThat(log.status().failure()).isNull();
        }
    }

    private static ShardLog open(Path home, long seed) {
        return OpenedLogs.open(OpenedLogs.settings(home), new SystemClock(), new Random(seed));
    }

    private static void append(ShardLog log) throws Exception {
        LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8("reading"))));
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> below = Files.walk(from)) {
            for (Path path : below.toList()) {
                Files.copy(path, to.resolve(from.relativize(path).toString()));
            }
        }
    }
}
