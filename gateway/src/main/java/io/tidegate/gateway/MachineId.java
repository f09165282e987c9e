package io.tidegate.gateway;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Which machine this is, as far as Tidegate wants to know: the machine id hashed for this one application, as
 * {@code sd_id128_get_machine_app_specific(3)} does, so that the id itself, which machine-id(5) calls confidential, is
 * never stored. Immutable.
 */
final class MachineId {
    static final Path FILE = Path.of("/etc/machine-id");

    /** Names Tidegate to the hash; drawn once, never to be changed. */
    private static final String APPLICATION = "8f1d5c3ea4b9470c92e6d07b3a51f826";

    private static final Pattern VALID = Pattern.compile("[0-9a-f]{32}");

    private final String hashed;

    private MachineId(String hashed) {
        this.hashed = hashed;
    }

    /** Empty: the machine has none (a container), or not yet ({@code uninitialized}). */
    static Optional<MachineId> read(Path file) {
        String id;
        try {
            id = Files.exists(file) ? Files.readString(file).strip() : "";
        } catch (IOException e) {
            return Optional.empty();
        }
        return VALID.matcher(id).matches() ? Optional.of(new MachineId(hash(id))) : Optional.empty();
    }

    private static String hash(String id) {
        HexFormat hex = HexFormat.of();
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(hex.parseHex(id), "HmacSHA256"));
            byte[] uuid = mac.doFinal(hex.parseHex(APPLICATION));
            // A random UUID by its form (RFC 9562, version 4).
            uuid[6] = (byte) ((uuid[6] & 0x0f) | 0x40);
            uuid[8] = (byte) ((uuid[8] & 0x3f) | 0x80);
            return hex.formatHex(uuid, 0, 16);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has HmacSHA256", e);
        }
    }

    /** 32 hexadecimal digits. */
    String hashed() {
        return hashed;
    }
}
