package io.tidegate.buffer;

import io.tidegate.core.stream.StreamLogException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/**
 * Decrypts what one segment holds, once its CRC has been found right; the form is that of {@link Encryptor}.
 *
 * <p>What was changed, belongs to another place, or is under another key than its segment is a {@link DamageException}. A
 * key that is needed and was not given is a {@link StreamLogException} of category fatal: nothing is wrong with the bytes.
 *
 * <p>Confined to one thread, or guarded by its owner's lock.
 */
final class Decryptor {
    /** Data keys at hand: a segment has one per opening, and is read in order. */
    private static final int KEYS_MAX = 8;

    private final LogEncryption encryption;
    private final int segment;
    private final OptionalLong keyId;
    private final LinkedHashMap<ByteBuffer, SecretKeySpec> keys = new LinkedHashMap<>(16, 0.75f, true);

    /**
     * @param keyId the one key of the segment, 0: none; empty: not known, each part says its own
     */
    Decryptor(LogEncryption encryption, int segment, OptionalLong keyId) {
        this.encryption = encryption;
        this.segment = segment;
        this.keyId = keyId;
    }

    /** For a segment that is not encrypted. */
    static Decryptor plain(int segment) {
        return new Decryptor(LogEncryption.none(), segment, OptionalLong.of(0));
    }

    /** The block as it was before it was encrypted; its body may still be packed. */
    StoredBlock block(StoredBlock stored) {
        requireKeyOfSegment("block " + stored.lsn(), stored.keyId());
        if (stored.keyId() == 0) {
            return stored;
        }
        byte[] plain =
                decrypt("block " + stored.lsn(), stored.keyId(), AssociatedData.block(segment, stored), stored.body());
        ByteBuffer parts = ByteBuffer.wrap(plain);
        int length = plain.length < Integer.BYTES ? -1 : parts.getInt();
        if (length < 0 || length > parts.remaining()) {
            throw new DamageException("block " + stored.lsn() + " has no control part");
        }
        int bodyAt = Integer.BYTES + length;
        return stored.under(
                0, Arrays.copyOfRange(plain, Integer.BYTES, bodyAt), Arrays.copyOfRange(plain, bodyAt, plain.length));
    }

    byte[] snapshotRow(long rowKeyId, long position, byte[] entry) {
        requireKeyOfSegment("row " + position + " of the snapshot", rowKeyId);
        return rowKeyId == 0
                ? entry
                : decrypt(
                        "row " + position + " of the snapshot",
                        rowKeyId,
                        AssociatedData.snapshotRow(segment, position, rowKeyId),
                        entry);
    }

    byte[] shards(long fileKeyId, byte[] entries) {
        return fileKeyId == 0
                ? entries
                : decrypt("the list of shards", fileKeyId, AssociatedData.shards(fileKeyId), entries);
    }

    private void requireKeyOfSegment(String what, long found) {
        if (keyId.isPresent() && keyId.getAsLong() != found) {
            throw new DamageException(what + " is under key " + MasterKey.text(found) + ", its segment under "
                    + MasterKey.text(keyId.getAsLong()));
        }
    }

    private byte[] decrypt(String what, long masterId, byte[] associated, byte[] encrypted) {
        if (encrypted.length < Encryptor.HEAD_BYTES + Encryptor.TAG_BYTES) {
            throw new DamageException(what + " has " + encrypted.length + " encrypted bytes");
        }
        long counter = ByteBuffer.wrap(encrypted).getLong(Encryptor.SALT_BYTES);
        SecretKeySpec key = dataKey(masterId, Arrays.copyOf(encrypted, Encryptor.SALT_BYTES));
        try {
            // A new one each time: this Java refuses to decrypt the same block with one twice.
            Cipher cipher = Cipher.getInstance(Encryptor.CIPHER);
            cipher.init(Cipher.DECRYPT_MODE, key, Encryptor.nonce(counter));
            cipher.updateAAD(associated);
            return cipher.doFinal(encrypted, Encryptor.HEAD_BYTES, encrypted.length - Encryptor.HEAD_BYTES);
        } catch (AEADBadTagException e) {
            throw new DamageException(what + " was changed, or belongs to another place", e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java cannot decrypt with " + Encryptor.CIPHER, e);
        }
    }

    private SecretKeySpec dataKey(long masterId, byte[] salt) {
        MasterKey master = encryption.key(masterId);
        ByteBuffer name = ByteBuffer.allocate(Long.BYTES + salt.length)
                .putLong(masterId)
                .put(salt)
                .flip();
        SecretKeySpec known = keys.get(name);
        if (known == null) {
            known = Encryptor.dataKey(master, salt);
            keys.put(name, known);
            if (keys.size() > KEYS_MAX) {
                Map.Entry<ByteBuffer, SecretKeySpec> oldest =
                        keys.entrySet().iterator().next();
                keys.remove(oldest.getKey());
            }
        }
        return known;
    }
}
