package io.tidegate.adapters;

import io.tidegate.core.stream.Payload;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * A password as it stands in the configuration: {@code pbkdf2-sha256$ITERATIONS$SALT$HASH}, salt (8 to 64 bytes) and
 * hash (32 bytes) in base64. PBKDF2 with HMAC-SHA-256 (RFC 8018) over the password's UTF-8 bytes.
 *
 * <p>Immutable. {@link #matches} takes as long as the iterations ask for, tens of milliseconds: not for event loops.
 */
public record PasswordHash(int iterations, Payload salt, Payload hash) {
    /** About 50 ms on a Raspberry Pi 5. */
    public static final int ITERATIONS = 100_000;

    private static final Pattern FORM =
            Pattern.compile("pbkdf2-sha256\\$([0-9]{1,8})\\$([A-Za-z0-9+/=]{1,100})\\$([A-Za-z0-9+/=]{1,100})");
    private static final int HASH_BYTES = 32;
    private static final int SALT_BYTES = 16;

    public PasswordHash {
        if (iterations < 1_000 || iterations > 10_000_000) {
            throw new IllegalArgumentException(
                    "iterations of a password hash must be 1000 to 10000000, found " + iterations);
        }
        if (salt.length() < 8 || salt.length() > 64) {
            throw new IllegalArgumentException(
                    "salt of a password hash must have 8 to 64 bytes, found " + salt.length());
        }
        if (hash.length() != HASH_BYTES) {
            throw new IllegalArgumentException("a password hash must have 32 bytes, found " + hash.length());
        }
    }

    /** Reads the form of the configuration; throws IllegalArgumentException, which does not repeat the text. */
    public static PasswordHash parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "expected a password hash pbkdf2-sha256$ITERATIONS$SALT$HASH with salt and hash in base64");
        }
        return new PasswordHash(
                Integer.parseInt(matcher.group(1)),
                Payload.wrap(Base64.getDecoder().decode(matcher.group(2))),
                Payload.wrap(Base64.getDecoder().decode(matcher.group(3))));
    }

    /** Hashes a password with a new salt. */
    public static PasswordHash of(String password, SecureRandom random) {
        if (password.isEmpty()) {
            throw new IllegalArgumentException("a password must not be empty");
        }
        byte[] salt = new byte[SALT_BYTES];
        random.nextBytes(salt);
        return new PasswordHash(
                ITERATIONS, Payload.wrap(salt), Payload.wrap(derive(password.toCharArray(), salt, ITERATIONS)));
    }

    /** Compares in a time that does not depend on where the difference is. */
    public boolean matches(Payload password) {
        char[] text = new String(password.toBytes(), StandardCharsets.UTF_8).toCharArray();
        return MessageDigest.isEqual(hash.toBytes(), derive(text, salt.toBytes(), iterations));
    }

    /** The form of the configuration. */
    public String text() {
        Base64.Encoder base64 = Base64.getEncoder();
        return "pbkdf2-sha256$" + iterations + "$" + base64.encodeToString(salt.toBytes()) + "$"
                + base64.encodeToString(hash.toBytes());
    }

    private static byte[] derive(char[] password, byte[] salt, int iterations) {
        PBEKeySpec spec = new PBEKeySpec(password, salt, iterations, HASH_BYTES * 8);
        try {
            return SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                    .generateSecret(spec)
                    .getEncoded();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no PBKDF2WithHmacSHA256", e);
        } finally {
            spec.clearPassword();
        }
    }

    @Override
    public String toString() {
        return "PasswordHash[" + iterations + " iterations]";
    }
}
