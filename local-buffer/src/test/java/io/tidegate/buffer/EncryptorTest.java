package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.TimeQuality;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

class EncryptorTest {
    private static final BlockHeader HEADER = new BlockHeader(7, 300, 5, 11, 1000, TimeQuality.ESTIMATED);
    private static final byte[] CONTROL = {1, 2, 3};
    private static final byte[] BODY = "what a sensor said".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DIRECTORY = BlockCodec.encodeDirectory(List.of(new Run(4, 9, 2, 30)));
    private static final StoredBlock PLAIN = new StoredBlock(HEADER, CONTROL, DIRECTORY, 0, BODY.length, BODY);

    private final LogEncryption encryption = Keys.keys(1);

    private Decryptor decryptor(int segment) {
        return encryption.decryptor(segment, OptionalLong.empty());
    }

    /** RFC 8439, 2.8.2: the cipher of this Java is the one that the format names. */
    @Test
    void cipher_givesTheVectorOfRfc8439() throws Exception {
        byte[] key = HexFormat.of().parseHex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
        Cipher cipher = Cipher.getInstance(Encryptor.CIPHER);
        cipher.init(
                Cipher.ENCRYPT_MODE,
                new SecretKeySpec(key, Encryptor.ALGORITHM),
                new IvParameterSpec(HexFormat.of().parseHex("070000004041424344454647")));
        cipher.updateAAD(HexFormat.of().parseHex("50515253c0c1c2c3c4c5c6c7"));
        byte[] made = cipher.doFinal(("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for"
                        + " the future, sunscreen would be it.")
                .getBytes(StandardCharsets.US_ASCII));
        assertThat(HexFormat.of().formatHex(made, 0, 16)).isEqualTo("d31a8d34648e60db7b86afbc53ef7ec2");
        assertThat(HexFormat.of().formatHex(made, made.length - 16, made.length))
                .isEqualTo("1ae10b594f09e26a7e902ecbd0600691");
    }

    private static byte[] hmac(byte[] key, byte[]... parts) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        for (byte[] part : parts) {
            mac.update(part);
        }
        return mac.doFinal();
    }

    /** Written from docs/design/0005-encryption-at-rest.md, with nothing of the code under test. */
    @Test
    void block_opensByTheDesignNoteAlone() throws Exception {
        StoredBlock stored = encryption.encryptor(12).block(PLAIN);
        byte[] secret = new byte[32];
        new java.util.Random(1).nextBytes(secret);
        byte[] salt = Arrays.copyOf(stored.body(), 32);
        byte[] info = "tidegate log data key 1".getBytes(StandardCharsets.US_ASCII);
        byte[] dataKey = hmac(hmac(salt, secret), info, new byte[] {1});
        ByteArrayOutputStream associated = new ByteArrayOutputStream();
        associated.write(1);
        long keyId = Keys.key(1).number();
        ByteBuffer numbers = ByteBuffer.allocate(80);
        for (long number : new long[] {12, 7, 300, 5, 11, 1000, 1, 0, keyId, BODY.length}) {
            numbers.putLong(number);
        }
        associated.write(numbers.array());
        associated.write(DIRECTORY);
        Cipher cipher = Cipher.getInstance("ChaCha20-Poly1305");
        byte[] nonce = new byte[12];
        System.arraycopy(stored.body(), 32, nonce, 4, 8);
        cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(dataKey, "ChaCha20"), new IvParameterSpec(nonce));
        cipher.updateAAD(associated.toByteArray());
        byte[] plain = cipher.doFinal(stored.body(), 40, stored.body().length - 40);
        byte[] expected = ByteBuffer.allocate(4 + CONTROL.length + BODY.length)
                .putInt(CONTROL.length)
                .put(CONTROL)
                .put(BODY)
                .array();
        assertThat(plain).isEqualTo(expected);
        assertThat(stored.keyId()).isEqualTo(keyId);
        assertThat(stored.control()).isEmpty();
        assertThat(stored.directory()).isEqualTo(DIRECTORY);
        assertThat(stored.body()).hasSize(32 + 8 + expected.length + 16);
    }

    @Test
    void block_opensInItsSegment_andAsItsCommit_only() {
        StoredBlock stored = encryption.encryptor(12).block(PLAIN);
        StoredBlock opened = decryptor(12).block(stored);
        assertThat(opened.body()).isEqualTo(BODY);
        assertThat(opened.control()).isEqualTo(CONTROL);
        assertThat(opened.keyId()).isZero();
        assertThatThrownBy(() -> decryptor(13).block(stored)).isInstanceOf(DamageException.class);
        BlockHeader[] others = {
            new BlockHeader(8, 300, 5, 11, 1000, TimeQuality.ESTIMATED),
            new BlockHeader(7, 301, 5, 11, 1000, TimeQuality.ESTIMATED),
            new BlockHeader(7, 300, 6, 11, 1000, TimeQuality.ESTIMATED),
            new BlockHeader(7, 300, 5, 12, 1000, TimeQuality.ESTIMATED),
            new BlockHeader(7, 300, 5, 11, 1001, TimeQuality.ESTIMATED),
            new BlockHeader(7, 300, 5, 11, 1000, TimeQuality.SYNCED)
        };
        for (BlockHeader other : others) {
            refused(new StoredBlock(other, new byte[0], DIRECTORY, 0, BODY.length, stored.body()), stored);
        }
        refused(new StoredBlock(HEADER, new byte[0], DIRECTORY, 1, BODY.length, stored.body()), stored);
        refused(new StoredBlock(HEADER, new byte[0], DIRECTORY, 0, BODY.length + 1, stored.body()), stored);
        byte[] otherRuns = BlockCodec.encodeDirectory(List.of(new Run(5, 9, 2, 30)));
        refused(new StoredBlock(HEADER, new byte[0], otherRuns, 0, BODY.length, stored.body()), stored);
    }

    private void refused(StoredBlock changed, StoredBlock stored) {
        StoredBlock same = changed.under(stored.keyId(), new byte[0], stored.body());
        assertThatThrownBy(() -> decryptor(12).block(same)).isInstanceOf(DamageException.class);
    }

    @Test
    void everyChangedByte_isRefused() {
        StoredBlock stored = encryption.encryptor(12).block(PLAIN);
        for (int i = 0; i < stored.body().length; i++) {
            byte[] changed = stored.body().clone();
            changed[i] ^= 4;
            refused(PLAIN.under(stored.keyId(), new byte[0], changed), PLAIN.under(stored.keyId(), CONTROL, changed));
        }
        for (int length : new int[] {0, 39, 55, stored.body().length - 1}) {
            byte[] shorter = Arrays.copyOf(stored.body(), length);
            refused(PLAIN, PLAIN.under(stored.keyId(), CONTROL, shorter));
        }
    }

    @Test
    void snapshotRow_opensInItsSegmentAndPlace_only() {
        byte[] stored = encryption.encryptor(3).snapshotRow(5, BODY);
        long keyId = Keys.key(1).number();
        assertThat(decryptor(3).snapshotRow(keyId, 5, stored)).isEqualTo(BODY);
        assertThatThrownBy(() -> decryptor(3).snapshotRow(keyId, 6, stored)).isInstanceOf(DamageException.class);
        assertThatThrownBy(() -> decryptor(4).snapshotRow(keyId, 5, stored)).isInstanceOf(DamageException.class);
        assertThatThrownBy(() -> decryptor(3).shards(keyId, stored)).isInstanceOf(DamageException.class);
    }

    @Test
    void aKeyThatIsMissing_isNoDamage_andIsNamed() {
        StoredBlock stored = encryption.encryptor(12).block(PLAIN);
        Decryptor other = Keys.keys(2).decryptor(12, OptionalLong.empty());
        assertThatThrownBy(() -> other.block(stored))
                .isInstanceOf(StreamLogException.class)
                .hasMessageContaining(Keys.key(1).id())
                .hasMessageContaining(Keys.key(2).id());
    }

    @Test
    void whatIsUnderAnotherKeyThanItsSegment_orUnderNone_isDamage() {
        StoredBlock stored = encryption.encryptor(12).block(PLAIN);
        LogEncryption both = Keys.keys(1, 2);
        OptionalLong one = OptionalLong.of(Keys.key(1).number());
        assertThat(both.decryptor(12, one).block(stored).body()).isEqualTo(BODY);
        StoredBlock other = both.encryptor(12, Keys.key(2).number()).block(PLAIN);
        assertThatThrownBy(() -> both.decryptor(12, one).block(other)).isInstanceOf(DamageException.class);
        assertThatThrownBy(() -> both.decryptor(12, one).block(PLAIN)).isInstanceOf(DamageException.class);
        assertThatThrownBy(() -> Decryptor.plain(12).block(stored)).isInstanceOf(DamageException.class);
    }
}
