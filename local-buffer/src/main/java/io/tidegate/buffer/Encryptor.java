package io.tidegate.buffer;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Encrypts what one writer puts into one file, with a data key that nobody else has: invariant E2 in
 * docs/design/0005-encryption-at-rest.md. Make a new one whenever a file is opened for writing.
 *
 * <pre>
 * salt: 32 bytes | counter: 8 bytes big-endian | ciphertext | tag: 16 bytes
 * </pre>
 *
 * <p>Confined to one thread.
 */
final class Encryptor {
    static final String CIPHER = "ChaCha20-Poly1305"; // RFC 8439
    static final String ALGORITHM = "ChaCha20";
    static final int SALT_BYTES = 32;
    static final int HEAD_BYTES = SALT_BYTES + Long.BYTES;
    static final int TAG_BYTES = 16;
    private static final int NONCE_BYTES = 12;

    private final int segment;
    private final long keyId;
    private final byte[] salt;
    private final LogEncryption.Witness witness;
    /** Null: nothing is encrypted. */
    private final @Nullable SecretKeySpec key;

    private @Nullable Cipher cipher;
    private long counter;

    private Encryptor(
            int segment, long keyId, byte[] salt, @Nullable SecretKeySpec key, LogEncryption.Witness witness) {
        this.segment = segment;
        this.keyId = keyId;
        this.salt = salt;
        this.key = key;
        this.witness = witness;
    }

    /** Leaves everything as it is. */
    static Encryptor plain(int segment) {
        return new Encryptor(segment, 0, new byte[0], null, (salt, counter) -> {});
    }

    static Encryptor with(int segment, MasterKey master, byte[] salt, LogEncryption.Witness witness) {
        return new Encryptor(segment, master.number(), salt, dataKey(master, salt), witness);
    }

    static SecretKeySpec dataKey(MasterKey master, byte[] salt) {
        byte[] secret = master.dataKey(salt);
        try {
            return new SecretKeySpec(secret, ALGORITHM);
        } finally {
            Arrays.fill(secret, (byte) 0);
        }
    }

    static IvParameterSpec nonce(long counter) {
        return new IvParameterSpec(ByteBuffer.allocate(NONCE_BYTES)
                .putLong(NONCE_BYTES - Long.BYTES, counter)
                .array());
    }

    /** 0: nothing is encrypted. */
    long keyId() {
        return keyId;
    }

    /** The form of a block in the file. */
    StoredBlock block(StoredBlock plain) {
        if (keyId == 0) {
            return plain;
        }
        byte[] control = plain.control();
        byte[] length =
                ByteBuffer.allocate(Integer.BYTES).putInt(control.length).array();
        StoredBlock outline = plain.under(keyId, new byte[0], new byte[0]);
        return plain.under(
                keyId, new byte[0], encrypt(AssociatedData.block(segment, outline), length, control, plain.body()));
    }

    /** The form of a snapshot's row in the file. */
    byte[] snapshotRow(long position, byte[] entry) {
        return keyId == 0 ? entry : encrypt(AssociatedData.snapshotRow(segment, position, keyId), entry);
    }

    /** The form of the list of shards in its file. */
    byte[] shards(byte[] entries) {
        return keyId == 0 ? entries : encrypt(AssociatedData.shards(keyId), entries);
    }

    private byte[] encrypt(byte[] associated, byte[]... parts) {
        // Raised first: a counter that has been used is never used again, whatever happens now.
        long now = counter++;
        witness.encrypts(salt.clone(), now);
        int bytes = HEAD_BYTES + TAG_BYTES;
        for (byte[] part : parts) {
            bytes += part.length;
        }
        byte[] out = new byte[bytes];
        ByteBuffer.wrap(out).put(salt).putLong(now);
        try {
            Cipher used = cipher == null ? Cipher.getInstance(CIPHER) : cipher;
            cipher = used;
            used.init(Cipher.ENCRYPT_MODE, key, nonce(now));
            used.updateAAD(associated);
            int at = HEAD_BYTES;
            for (byte[] part : parts) {
                at += used.update(part, 0, part.length, out, at);
            }
            used.doFinal(out, at);
            return out;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java cannot encrypt with " + CIPHER, e);
        }
    }
}
