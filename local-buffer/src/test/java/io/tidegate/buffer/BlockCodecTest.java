package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.stream.Attributes;
import io.tidegate.core.stream.EventTimeFrom;
import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.HashKeyRange;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.core.stream.TimeQuality;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** The bytes here are worked out by hand from the drawing in {@link BlockCodec}. */
class BlockCodecTest {
    private static final StreamName STREAM = new StreamName("s");
    private static final long TIME = 1000;
    private static final BlockHeader HEADER = new BlockHeader(7, 300, 5, 11, TIME, TimeQuality.ESTIMATED);

    private static NewRecord plain(String key, String data) {
        return NewRecord.of(STREAM, key, Payload.ofUtf8(data)).withContentType("a");
    }

    private static byte[] bytes(String hex) {
        return HexFormat.ofDelimiter(" ").parseHex(hex);
    }

    private static Block tiny() {
        BodyBuilder builder = new BodyBuilder(TIME);
        builder.add(3, 5, plain("k", "hi"));
        // Device number 150: zigzag 300, varint ac 02. Event time 5 ms after the block's: zigzag 10.
        builder.add(3, 5, plain("k", "").withDeviceTime(TIME + 5).withDeviceNumber(150L));
        builder.add(
                0, 130, plain("j", "x").withAttributes(Attributes.of("d", "9")).withExplicitHashKey(HashKey.MAX));
        return new Block(
                HEADER,
                ControlCodec.encodeAll(List.of(new ControlEntry.EpochOpened(300, 0))),
                BlockCodec.encodeDirectory(builder.runs()),
                builder.body());
    }

    @Test
    void tinyBlock_isExactlyTheBytesOfTheDrawing() {
        Block block = tiny();
        // two runs: shard 3 from 5, two records, 2 + 1 + 0 + 1 bytes; shard 0 from 130 (82 01), one, 2 bytes
        assertThat(block.directory()).isEqualTo(bytes("02 03 05 02 04 00 82 01 01 02"));
        assertThat(block.body())
                .isEqualTo(bytes(
                        "02 01 6b 01 6a" // keys k, j
                                + " 02 01 61 00 01 61 01 01 64 01 39" // sets: a; a with d=9
                                + " 00 00 00 10 02 68 69" // run 0, key 0, set 0, arrival, "hi"
                                + " 00 00 00 06 ac 02 0a 00" // device number and event time, from device, no data
                                + " 01 01 01 11" // run 1, key 1, set 1, arrival with hash key
                                + " ff".repeat(16)
                                + " 01 78"));
        // length 4: epoch opened (3), epoch 300, no predecessor
        assertThat(block.control()).isEqualTo(bytes("04 03 ac 02 00"));
    }

    @Test
    void records_comeBackWithNumbersPlacesAndTimes() {
        List<Long> deviceNumbers = new ArrayList<>();
        List<StreamRecord> records = BlockCodec.decodeBody(
                tiny(),
                ordinal -> new ShardId(STREAM, ordinal),
                (record, number) -> deviceNumbers.add(number == null ? -1L : number));
        assertThat(records).hasSize(3);
        assertThat(records.get(1).sequenceNumber()).isEqualTo(6);
        assertThat(records.get(1).position()).isEqualTo(new LogPosition(7, 1));
        assertThat(records.get(1).eventTimeMillis()).isEqualTo(TIME + 5);
        assertThat(records.get(1).eventTimeFrom()).isEqualTo(EventTimeFrom.DEVICE);
        assertThat(records.get(2).shard()).isEqualTo(new ShardId(STREAM, 0));
        assertThat(records.get(2).sequenceNumber()).isEqualTo(130);
        assertThat(records.get(2).explicitHashKey()).isEqualTo(HashKey.MAX);
        assertThat(records.get(2).attributes()).isEqualTo(Attributes.of("d", "9"));
        assertThat(records.get(2).eventTimeMillis()).isEqualTo(TIME);
        assertThat(deviceNumbers).containsExactly(-1L, 150L, -1L);
    }

    @Test
    void crc_isCrc32cOverAllOtherColumns() throws IOException {
        Block block = tiny();
        StoredBlock stored = new StoredBlock(HEADER, block.control(), block.directory(), 1, 77, block.body());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        for (long number : new long[] {7, 300, 5, 11, TIME, 1, 1, 0, 77}) {
            out.writeLong(number);
        }
        for (byte[] part : List.of(block.control(), block.directory(), block.body())) {
            out.writeLong(part.length);
            out.write(part);
        }
        CRC32C crc = new CRC32C();
        crc.update(bytes.toByteArray());
        assertThat(stored.crc()).isEqualTo((int) crc.getValue());
    }

    @Test
    void everyCutOrFlippedBody_isDamage_orDecodes_butNeverHangsOrOverflows() {
        Block block = tiny();
        for (int i = 0; i < block.body().length; i++) {
            byte[] flipped = block.body().clone();
            flipped[i] ^= 0x80;
            Block damaged = new Block(HEADER, block.control(), block.directory(), flipped);
            assertThat(plain(damaged).crc()).isNotEqualTo(plain(block).crc());
            try {
                damaged.records(ordinal -> new ShardId(STREAM, ordinal));
            } catch (DamageException | IllegalArgumentException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
        }
    }

    private static StoredBlock plain(Block block) {
        try (BlockPacker packer = new BlockPacker(Compression.NONE)) {
            return packer.pack(block);
        }
    }

    @Test
    void unknownControlEntry_isDamage() {
        assertThatThrownBy(() -> ControlCodec.decodeAll(bytes("01 7f"))).isInstanceOf(DamageException.class);
    }

    /** Vectors for three even shards, found with another implementation of MD5. */
    @Test
    void partitionKeys_areRoutedByTheirMd5_asKinesisDoes() {
        LogState state = new LogState();
        state.fold(new ControlEntry.StreamSet(StreamSettings.of(STREAM).withShards(3), 0));
        int ordinal = 0;
        for (HashKeyRange range : HashKeyRange.evenly(3)) {
            state.fold(new ControlEntry.ShardOpened(ordinal, new ShardId(STREAM, ordinal), range, 1, List.of()));
            ordinal++;
        }
        StreamState stream = state.stream(STREAM).orElseThrow();
        assertThat(List.of("a", "b", "e", "f").stream()
                        .map(key -> stream.route(plain(key, "")).ordinal()))
                .containsExactly(0, 1, 2, 1);
        assertThat(stream.route(plain("a", "").withExplicitHashKey(HashKey.MAX)).ordinal())
                .isEqualTo(2);
    }
}
