package io.tidegate.buffer;

import io.tidegate.core.stream.StreamLogException;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/**
 * Which master keys a log may use, and whether what is new is encrypted; docs/design/0005-encryption-at-rest.md.
 *
 * <p>Thread-safe, but for {@link #close}, which wipes the keys; close the log first.
 */
public final class LogEncryption implements AutoCloseable {
    private static final LogEncryption NONE = new LogEncryption(Map.of(), 0, new SecureRandom(), (salt, counter) -> {});

    /** Sees what each encryption uses, so that a test can tell that nothing is used twice. */
    @FunctionalInterface
    interface Witness {
        void encrypts(byte[] salt, long counter);
    }

    private final Map<Long, MasterKey> keys;
    private final long currentKeyId;
    private final SecureRandom random;
    private final Witness witness;

    private LogEncryption(Map<Long, MasterKey> keys, long currentKeyId, SecureRandom random, Witness witness) {
        this.keys = keys;
        this.currentKeyId = currentKeyId;
        this.random = random;
        this.witness = witness;
    }

    /** Nothing is encrypted, and nothing that is can be read. */
    public static LogEncryption none() {
        return NONE;
    }

    /** New segments are under the first key; the others are for what is there. No key: {@link #none}. */
    public static LogEncryption of(List<MasterKey> newestFirst) {
        return newestFirst.isEmpty() ? NONE : of(newestFirst, strongRandom(), (salt, counter) -> {});
    }

    static LogEncryption of(List<MasterKey> newestFirst, SecureRandom random, Witness witness) {
        Map<Long, MasterKey> keys = new LinkedHashMap<>();
        newestFirst.forEach(key -> keys.putIfAbsent(key.number(), key));
        return new LogEncryption(keys, newestFirst.get(0).number(), random, witness);
    }

    /** The same keys for what is there; what is new is not encrypted. */
    public LogEncryption forOldSegmentsOnly() {
        return new LogEncryption(keys, 0, random, witness);
    }

    static SecureRandom strongRandom() {
        try {
            return SecureRandom.getInstanceStrong();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java has no strong random numbers", e);
        }
    }

    /** The id of the key that new segments are under; empty: they are not encrypted. */
    public Optional<String> currentKey() {
        return currentKeyId == 0 ? Optional.empty() : Optional.of(MasterKey.text(currentKeyId));
    }

    /** 0: what is new is not encrypted. */
    long currentKeyId() {
        return currentKeyId;
    }

    /** Whether something under this key can be read; 0: not encrypted. */
    boolean has(long keyId) {
        return keyId == 0 || keys.containsKey(keyId);
    }

    /** The ids of the keys, for a sentence. */
    String names() {
        return keys.isEmpty()
                ? "no key was given"
                : "given: " + keys.keySet().stream().map(MasterKey::text).collect(Collectors.joining(", "));
    }

    MasterKey key(long keyId) {
        MasterKey key = keys.get(keyId);
        if (key == null) {
            throw new StreamLogException(
                    StreamLogException.Category.FATAL,
                    "a part of the log is encrypted with key " + MasterKey.text(keyId)
                            + ", which is not among the keys (" + names() + "); name its file in log.encryption.keys");
        }
        return key;
    }

    /** For one file of a new segment: a data key that nobody else has. */
    Encryptor encryptor(int segment) {
        return encryptor(segment, currentKeyId);
    }

    /** For a segment that is under this key. */
    Encryptor encryptor(int segment, long keyId) {
        if (keyId == 0) {
            return Encryptor.plain(segment);
        }
        byte[] salt = new byte[Encryptor.SALT_BYTES];
        random.nextBytes(salt);
        return Encryptor.with(segment, key(keyId), salt, witness);
    }

    /**
     * For what a segment holds.
     *
     * @param keyId the one key of the segment, 0: none; empty: it is not known
     */
    Decryptor decryptor(int segment, OptionalLong keyId) {
        return new Decryptor(this, segment, keyId);
    }

    @Override
    public void close() {
        keys.values().forEach(MasterKey::close);
    }
}
