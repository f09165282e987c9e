package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.stream.StreamLogException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MasterKeyTest {
    private static final String HEX = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    @TempDir
    Path directory;

    private Path file(byte[] content) throws Exception {
        Path file = directory.resolve("log.key");
        Files.write(file, content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return file;
    }

    private Path file(String content) throws Exception {
        return file(content.getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] hmac(byte[] key, byte[] data) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(data);
    }

    @Test
    void id_isTheFirst63BitsOfHkdf_asTheDesignNoteSays() throws Exception {
        byte[] secret = HexFormat.of().parseHex(HEX);
        byte[] pseudorandom = hmac(new byte[32], secret);
        byte[] made = hmac(pseudorandom, "tidegate log key id 1\u0001".getBytes(StandardCharsets.US_ASCII));
        long id = ByteBuffer.wrap(made).getLong() >>> 1;
        try (MasterKey key = MasterKey.of(secret)) {
            assertThat(key.id()).isEqualTo(String.format("%016x", id));
            assertThat(key).hasToString("key " + key.id());
        }
    }

    @Test
    void read_takesBytes_hexAndBase64() throws Exception {
        byte[] secret = HexFormat.of().parseHex(HEX);
        String id = MasterKey.of(secret).id();
        assertThat(MasterKey.read(file(secret)).id()).isEqualTo(id);
        assertThat(MasterKey.read(file(HEX + "\n")).id()).isEqualTo(id);
        assertThat(MasterKey.read(file(HEX.toUpperCase(java.util.Locale.ROOT))).id())
                .isEqualTo(id);
        assertThat(MasterKey.read(file(Base64.getEncoder().encodeToString(secret) + "\r\n"))
                        .id())
                .isEqualTo(id);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "secret",
                "00112233445566778899aabbccddeeff", // 16 bytes in hex are 32 characters
                "0000000000000000000000000000000000000000000000000000000000000000",
                "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1",
                "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
                "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
            })
    void read_ofSomethingElse_isRefused_andDoesNotQuoteIt(String content) throws Exception {
        Path file = file(content);
        assertThatThrownBy(() -> MasterKey.read(file))
                .isInstanceOf(StreamLogException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("expected 32 random bytes")
                .satisfies(e -> {
                    if (content.length() > 6) {
                        assertThat(e.getMessage()).doesNotContain(content);
                    }
                });
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----", "rwx--x---"})
    void read_ofAFileThatOthersMayUse_isRefused(String permissions) throws Exception {
        Path file = file(HEX);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
        assertThatThrownBy(() -> MasterKey.read(file))
                .isInstanceOf(StreamLogException.class)
                .hasMessageContaining("others may use it (" + permissions + ")")
                .hasMessageContaining("chmod 600 " + file);
    }

    @Test
    void make_givesAFileForItsOwner_thatReadsAsTheSameKey_andNeverOverwrites() throws Exception {
        Path file = directory.resolve("new.key");
        MasterKey made = MasterKey.make(file, new SecureRandom());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(MasterKey.read(file).id()).isEqualTo(made.id());
        byte[] before = Files.readAllBytes(file);
        assertThatThrownBy(() -> MasterKey.make(file, new SecureRandom()))
                .isInstanceOf(StreamLogException.class)
                .hasMessageContaining("it exists");
        assertThat(file).hasBinaryContent(before);
        assertThatThrownBy(() -> MasterKey.read(directory.resolve("none.key")))
                .hasMessageContaining("there is no such file")
                .hasMessageContaining("tidegate keys new");
    }
}
