package io.tidegate.buffer;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** HKDF with HMAC-SHA-256 (RFC 5869): makes keys of one key. */
final class Hkdf {
    private static final String MAC = "HmacSHA256";
    private static final int HASH_BYTES = 32;

    private Hkdf() {}

    /** Both steps. What is between them is wiped. */
    static byte[] derive(byte[] salt, byte[] material, byte[] info, int length) {
        byte[] pseudorandom = extract(salt, material);
        try {
            return expand(pseudorandom, info, length);
        } finally {
            Arrays.fill(pseudorandom, (byte) 0);
        }
    }

    /** RFC 5869, 2.2; an empty salt stands for 32 bytes of zero, as there. */
    static byte[] extract(byte[] salt, byte[] material) {
        return mac(salt.length == 0 ? new byte[HASH_BYTES] : salt).doFinal(material);
    }

    /** RFC 5869, 2.3. */
    static byte[] expand(byte[] pseudorandom, byte[] info, int length) {
        if (length < 1 || length > 255 * HASH_BYTES) {
            throw new IllegalArgumentException("length must be 1 to 8160, found " + length);
        }
        Mac mac = mac(pseudorandom);
        byte[] made = new byte[length];
        byte[] part = new byte[0];
        int done = 0;
        for (int counter = 1; done < length; counter++) {
            mac.update(part);
            mac.update(info);
            mac.update((byte) counter);
            Arrays.fill(part, (byte) 0);
            part = mac.doFinal();
            int taken = Math.min(part.length, length - done);
            System.arraycopy(part, 0, made, done, taken);
            done += taken;
        }
        Arrays.fill(part, (byte) 0);
        return made;
    }

    private static Mac mac(byte[] key) {
        try {
            Mac mac = Mac.getInstance(MAC);
            mac.init(new SecretKeySpec(key, MAC));
            return mac;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no " + MAC, e);
        }
    }
}
