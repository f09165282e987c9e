package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamLogException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteStateStoreTest {
    private static final long BYTES_MAX = 1000;

    @TempDir
    Path home;

    private SqliteStateStore open() {
        return SqliteStateStore.open(home.resolve("state.db"), BYTES_MAX);
    }

    @Test
    void whatWasPut_isThereAfterReopening_inTheOrderOfKeys() {
        try (SqliteStateStore store = open()) {
            store.put("session/b", Payload.ofUtf8("2"));
            store.put("session/a", Payload.ofUtf8("1"));
            store.put("sessions", Payload.EMPTY);
            store.put("gone", Payload.ofUtf8("x"));
            store.delete("gone");
        }
        try (SqliteStateStore store = open()) {
            assertThat(store.keys("session/")).containsExactly("session/a", "session/b");
            assertThat(store.keys("")).containsExactly("session/a", "session/b", "sessions");
            assertThat(store.get("session/a")).contains(Payload.ofUtf8("1"));
            assertThat(store.get("sessions")).contains(Payload.EMPTY);
            assertThat(store.get("gone")).isEmpty();
        }
    }

    @Test
    void putAll_isAllOrNothing_andChangesReplaceAndDelete() {
        try (SqliteStateStore store = open()) {
            store.put("a", Payload.ofUtf8("1"));
            store.put("b", Payload.ofUtf8("1"));
            store.putAll(Map.of(
                    "a", Optional.of(Payload.ofUtf8("2")), "b", Optional.empty(), "c", Optional.of(Payload.EMPTY)));
            assertThat(store.keys("")).containsExactly("a", "c");
            assertThat(store.get("a")).contains(Payload.ofUtf8("2"));
            Map<String, Optional<Payload>> tooMuch =
                    Map.of("a", Optional.of(Payload.ofUtf8("3")), "big", Optional.of(Payload.wrap(new byte[2000])));
            assertThatThrownBy(() -> store.putAll(tooMuch))
                    .isInstanceOf(StreamLogException.class)
                    .hasMessageContaining("at most " + BYTES_MAX);
            assertThat(store.get("a")).contains(Payload.ofUtf8("2"));
            assertThat(store.get("big")).isEmpty();
        }
    }

    @Test
    void deleting_makesRoom() {
        try (SqliteStateStore store = open()) {
            store.put("a", Payload.wrap(new byte[900]));
            assertThatThrownBy(() -> store.put("b", Payload.wrap(new byte[900])))
                    .isInstanceOf(StreamLogException.class);
            store.delete("a");
            store.put("b", Payload.wrap(new byte[900]));
            assertThat(store.keys("")).containsExactly("b");
        }
    }
}
