package io.tidegate.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.MediaWrite;
import io.tidegate.core.stream.MediaWrite.Outcome;
import io.tidegate.core.stream.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MediaStoreTest {
    private static final MediaId ID = new MediaId("0a1b2c3d4e5f.press-3-main.17.4211");
    private static final byte[] DIGITS = "123456789".getBytes(StandardCharsets.US_ASCII);
    private static final int DIGITS_CRC = 0xe3069283; // RFC 3720, B.4 and the check value of CRC-32/ISCSI

    @TempDir
    Path home;

    private static Outcome put(MediaStore store, MediaId id, byte[] bytes, long length, int crc) throws IOException {
        try (MediaWrite write = store.begin(id, length, crc)) {
            for (int at = 0; at < bytes.length; at += 4) {
                write.write(ByteBuffer.wrap(bytes, at, Math.min(4, bytes.length - at)));
            }
            return write.commit();
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(home)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }

    @Test
    void object_isStoredOnce_andServedAfterARestart() throws Exception {
        try (MediaStore store = MediaStore.open(home, 1 << 20)) {
            assertThat(put(store, ID, DIGITS, 9, DIGITS_CRC)).isEqualTo(Outcome.STORED);
            assertThat(put(store, ID, DIGITS, 9, DIGITS_CRC)).isEqualTo(Outcome.HAD_IT);
        }
        try (MediaStore store = MediaStore.open(home, 1 << 20)) {
            assertThat(put(store, ID, DIGITS, 9, DIGITS_CRC)).isEqualTo(Outcome.HAD_IT);
            assertThat(Tools.bytes(store, ID)).isEqualTo(DIGITS);
            assertThat(store.usedBytes()).isEqualTo(9 + 32);
            assertThat(files()).hasSize(1);
        }
    }

    @Test
    void otherBytes_thanAnnounced_orThanKept_areDifferent() throws Exception {
        MediaStore store = MediaStore.open(home, 1 << 20);
        assertThat(put(store, ID, DIGITS, 9, DIGITS_CRC ^ 1)).isEqualTo(Outcome.DIFFERENT);
        assertThat(put(store, ID, DIGITS, 8, DIGITS_CRC)).isEqualTo(Outcome.DIFFERENT);
        assertThat(put(store, ID, DIGITS, 10, DIGITS_CRC)).isEqualTo(Outcome.DIFFERENT);
        assertThat(store.open(ID)).isEmpty();
        assertThat(files()).isEmpty();
        assertThat(put(store, ID, DIGITS, 9, DIGITS_CRC)).isEqualTo(Outcome.STORED);
        byte[] other = {1, 2, 3};
        assertThat(put(store, ID, other, 3, Payload.wrap(other).crc32c())).isEqualTo(Outcome.DIFFERENT);
        assertThat(Tools.bytes(store, ID)).isEqualTo(DIGITS);
        assertThat(store.usedBytes()).isEqualTo(9 + 32);
    }

    @Test
    void fullStore_turnsObjectsAway_andKeepsWhatItHas() throws Exception {
        MediaStore store = MediaStore.open(home, 2 * (9 + 32));
        MediaId second = MediaId.ofInit("00ff");
        MediaId third = new MediaId("third");
        assertThat(put(store, ID, DIGITS, 9, DIGITS_CRC)).isEqualTo(Outcome.STORED);
        assertThat(put(store, second, DIGITS, 9, DIGITS_CRC)).isEqualTo(Outcome.STORED);
        assertThat(put(store, third, DIGITS, 9, DIGITS_CRC)).isEqualTo(Outcome.FULL);
        assertThat(Tools.bytes(store, second)).isEqualTo(DIGITS);
        assertThat(store.usedBytes()).isEqualTo(2 * (9 + 32));
    }

    @Test
    void damagedObject_isNotServed_andMayBeSentAgain() throws Exception {
        MediaStore store = MediaStore.open(home, 1 << 20);
        put(store, ID, DIGITS, 9, DIGITS_CRC);
        try (FileChannel file = FileChannel.open(files().get(0), StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[] {'X'}), 4);
        }
        assertThat(store.open(ID)).isEmpty();
        assertThat(put(store, ID, DIGITS, 9, DIGITS_CRC)).isEqualTo(Outcome.STORED);
        assertThat(Tools.bytes(store, ID)).isEqualTo(DIGITS);
        assertThat(store.usedBytes()).isEqualTo(9 + 32);
    }

    @Test
    void commit_forcesTheFile_thenItsDirectory_beforeItSaysStored() throws Exception {
        List<String> calls = new ArrayList<>();
        MediaStore store = MediaStore.open(home, 1 << 20, new Forcer() {
            @Override
            public void force(Path file, FileChannel channel) throws IOException {
                calls.add("file of " + channel.size() + ", stored: " + files().size());
            }

            @Override
            public void forceDirectory(Path directory) {
                calls.add("directory, top: " + directory.equals(home));
            }
        });
        put(store, ID, DIGITS, 9, DIGITS_CRC);
        assertThat(calls).containsExactly("file of 41, stored: 1", "directory, top: true", "directory, top: false");
        calls.clear();
        put(store, ID, DIGITS, 9, DIGITS_CRC);
        assertThat(calls).containsExactly("file of 41, stored: 2");
    }

    @Test
    void leftovers_ofAnInterruptedReception_areRemovedAtTheStart() throws Exception {
        MediaStore store = MediaStore.open(home, 1 << 20);
        MediaWrite unfinished = store.begin(ID, 9, DIGITS_CRC);
        unfinished.write(ByteBuffer.wrap(DIGITS));
        assertThat(files()).hasSize(1);
        MediaStore again = MediaStore.open(home, 1 << 20);
        assertThat(files()).isEmpty();
        assertThat(again.usedBytes()).isZero();
        unfinished.close();
    }
}
