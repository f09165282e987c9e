package io.tidegate.core.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Payload, names, attributes and the limits of records and units. */
class StreamValuesTest {
    @Test
    void crc32c_isCastagnoli() {
        // RFC 3720 B.4: 32 bytes of zeroes -> aa 36 91 8a, least significant byte first
        assertThat(Payload.wrap(new byte[32]).crc32c()).isEqualTo(0x8a9136aa);
        // The check value of CRC-32C (Rocksoft model): "123456789"
        assertThat(Payload.ofUtf8("123456789").crc32c()).isEqualTo(0xe3069283);
    }

    @Test
    void slice_isEqualToACopyOfTheSameBytes() {
        Payload whole = Payload.ofUtf8("abcdef");
        Payload slice = whole.slice(2, 5);
        assertThat(slice).isEqualTo(Payload.ofUtf8("cde")).hasSameHashCodeAs(Payload.ofUtf8("cde"));
        assertThat(slice.asByteBuffer().isReadOnly()).isTrue();
        assertThat(slice.toBytes()).isEqualTo("cde".getBytes(StandardCharsets.US_ASCII));
        assertThatThrownBy(() -> slice.byteAt(3)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void shardName_hasTwelveDigits_bothWays() {
        ShardId id = new ShardId(StreamName.TELEMETRY, 7);
        assertThat(id.name()).isEqualTo("shardId-000000000007");
        assertThat(ShardId.parse(StreamName.TELEMETRY, "shardId-000000000007")).isEqualTo(id);
        assertThatThrownBy(() -> ShardId.parse(StreamName.TELEMETRY, "7")).hasMessageContaining("'7'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a/b", "ä", "a\n"})
    void streamName_ofOtherCharacters_isRefused(String name) {
        assertThatThrownBy(() -> new StreamName(name)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void epoch_isSixteenHexDigits_bothWays() {
        assertThat(ShardEpoch.text(1)).isEqualTo("0000000000000001");
        assertThat(ShardEpoch.parse("7f3a9c0e11d2b345")).isEqualTo(0x7f3a9c0e11d2b345L);
        assertThatThrownBy(() -> ShardEpoch.parse("ff3a9c0e11d2b345")).hasMessageContaining("0 to 7");
    }

    @Test
    void attributes_holdTheirLimits_andOriginIsCountedApart() {
        Map<String, String> many = new HashMap<>();
        for (int i = 0; i < 32; i++) {
            many.put("a" + i, "x");
        }
        many.put("origin.gateway", "g".repeat(1000));
        assertThat(Attributes.of(many).count()).isEqualTo(33);
        many.put("one-too-many", "x");
        assertThatThrownBy(() -> Attributes.of(many)).hasMessageContaining("at most 32");
        assertThatThrownBy(() -> Attributes.of("big", "x".repeat(4096))).hasMessageContaining("4096 bytes");
        assertThatThrownBy(() -> Attributes.of("origin.x", "x".repeat(1024))).hasMessageContaining("origin");
        assertThatThrownBy(() -> Attributes.of("Upper", "x")).hasMessageContaining("'Upper'");
    }

    @Test
    void record_holdsItsLimits() {
        assertThatThrownBy(() -> NewRecord.of(StreamName.TELEMETRY, "", Payload.EMPTY))
                .hasMessageContaining("1 to 256");
        assertThatThrownBy(() -> NewRecord.of(StreamName.TELEMETRY, "k".repeat(257), Payload.EMPTY))
                .hasMessageContaining("257");
    }

    @Test
    void unit_holdsFourMebibytes_orOneLargerRecordAlone() {
        NewRecord large = NewRecord.of(StreamName.TELEMETRY, "k", Payload.wrap(new byte[(4 << 20) + 1]));
        NewRecord small = NewRecord.of(StreamName.TELEMETRY, "k", Payload.wrap(new byte[1]));
        assertThat(AppendUnit.of(large).records()).hasSize(1);
        assertThatThrownBy(() -> AppendUnit.of(List.of(large, small))).hasMessageContaining("4194304");
    }

    @Test
    void checkpoint_mustFitItsScope() {
        CheckpointScope shard = new CheckpointScope.OneShard(new ShardId(StreamName.TELEMETRY, 0));
        Checkpoint order = new Checkpoint.InCommitOrder(LogPosition.TRIM_HORIZON, Payload.EMPTY);
        assertThatThrownBy(() -> new CheckpointUpdate(new ConsumerName("c"), shard, order))
                .hasMessageContaining("does not fit");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "../x", "a/b", ".hidden", "a\u0000b"})
    void mediaId_thatCouldLeaveItsDirectory_isRefused(String id) {
        assertThatThrownBy(() -> new MediaId(id)).isInstanceOf(IllegalArgumentException.class);
    }
}
