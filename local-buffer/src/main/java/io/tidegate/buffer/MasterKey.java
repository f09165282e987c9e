package io.tidegate.buffer;

import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Set;

/**
 * The key that a log's data keys are made of: 32 random bytes in a file of their own, which only its owner may read. It
 * is known by an id that is made of it and says nothing about it. Never printed.
 *
 * <p>Thread-safe, but for {@link #close}, which wipes it.
 */
public final class MasterKey implements AutoCloseable {
    static final int BYTES = 32;
    private static final int FILE_BYTES_MAX = 128;
    private static final Set<PosixFilePermission> OWNER =
            Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE, PosixFilePermission.OWNER_EXECUTE);
    private static final byte[] ID_INFO = "tidegate log key id 1".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DATA_INFO = "tidegate log data key 1".getBytes(StandardCharsets.US_ASCII);

    private final byte[] secret;
    private final long number;

    private MasterKey(byte[] secret) {
        this.secret = secret;
        byte[] id = Hkdf.derive(new byte[0], secret, ID_INFO, Long.BYTES);
        // Zero says that nothing is encrypted; no key has it but one in 2^63.
        this.number = Math.max(1, ByteBuffer.wrap(id).getLong() >>> 1);
    }

    /** Takes a copy. */
    static MasterKey of(byte[] secret) {
        if (secret.length != BYTES) {
            throw new IllegalArgumentException("a key has 32 bytes, found " + secret.length);
        }
        return new MasterKey(secret.clone());
    }

    /**
     * Reads a key file: 32 bytes as they are, in hex, or in base64.
     *
     * @throws StreamLogException of category reject that says what is wrong with the file, and what to do
     */
    public static MasterKey read(Path file) {
        byte[] content = new byte[0];
        try {
            requireOwnerOnly(file);
            if (Files.size(file) > FILE_BYTES_MAX) {
                throw refused(file, "it has " + Files.size(file) + " bytes", wanted());
            }
            content = Files.readAllBytes(file);
            return decode(file, content);
        } catch (NoSuchFileException e) {
            throw refused(
                    file,
                    "there is no such file",
                    "put the key file there, or make one with 'tidegate keys new " + file + "' if there never was one");
        } catch (IOException e) {
            throw refused(file, "it cannot be read (" + e.getMessage() + ")", "let this user read it");
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    /**
     * Makes a key file that only its owner may read. Never over one that is there: what is under its key would be lost.
     *
     * @throws StreamLogException of category reject if it could not be made
     */
    public static MasterKey make(Path file, SecureRandom random) {
        byte[] secret = new byte[BYTES];
        random.nextBytes(secret);
        byte[] text = new byte[2 * BYTES + 1];
        for (int i = 0; i < BYTES; i++) {
            text[2 * i] = (byte) HexFormat.of().toHighHexDigit(secret[i]);
            text[2 * i + 1] = (byte) HexFormat.of().toLowHexDigit(secret[i]);
        }
        text[2 * BYTES] = '\n';
        try (FileChannel channel = FileChannel.open(
                file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), ownerOnly(file))) {
            ByteBuffer bytes = ByteBuffer.wrap(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
            Path parent = file.toAbsolutePath().getParent();
            if (parent != null) {
                SegmentFile.syncDirectory(parent);
            }
            return new MasterKey(secret);
        } catch (FileAlreadyExistsException e) {
            throw refused(
                    file, "it exists", "name another file: a log whose key is overwritten cannot be read any more");
        } catch (IOException e) {
            throw refused(file, "it could not be written (" + e.getMessage() + ")", "name another place");
        } finally {
            Arrays.fill(text, (byte) 0);
        }
    }

    /** From a generator that waits, after a boot, until there is enough randomness. */
    public static MasterKey make(Path file) {
        return make(file, LogEncryption.strongRandom());
    }

    private static FileAttribute<?>[] ownerOnly(Path file) {
        return isPosix(file)
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(
                            Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE))
                }
                : new FileAttribute<?>[0];
    }

    private static boolean isPosix(Path file) {
        return file.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    private static void requireOwnerOnly(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        if (!Files.isRegularFile(file)) {
            throw refused(file, "it is no file", wanted());
        }
        if (isPosix(file)) {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            if (!OWNER.containsAll(permissions)) {
                throw refused(
                        file,
                        "others may use it (" + PosixFilePermissions.toString(permissions) + ")",
                        "chmod 600 " + file + "; if others have read it, make a new key");
            }
        }
    }

    private static MasterKey decode(Path file, byte[] content) {
        if (content.length == BYTES && !isText(content)) {
            return checked(file, content);
        }
        byte[] text = stripped(content);
        byte[] decoded = new byte[0];
        try {
            decoded = text.length == 2 * BYTES ? hex(text) : Base64.getDecoder().decode(text);
            return checked(file, decoded);
        } catch (IllegalArgumentException e) {
            throw refused(file, "it is neither", wanted());
        } finally {
            Arrays.fill(text, (byte) 0);
            Arrays.fill(decoded, (byte) 0);
        }
    }

    /** Without white space around it. Not as a string: that could not be wiped. */
    private static byte[] stripped(byte[] content) {
        int from = 0;
        int to = content.length;
        while (from < to && content[from] >= 0 && content[from] <= ' ') {
            from++;
        }
        while (to > from && content[to - 1] >= 0 && content[to - 1] <= ' ') {
            to--;
        }
        return Arrays.copyOfRange(content, from, to);
    }

    private static byte[] hex(byte[] text) {
        byte[] decoded = new byte[text.length / 2];
        for (int i = 0; i < decoded.length; i++) {
            decoded[i] = (byte) (HexFormat.fromHexDigit(text[2 * i]) << 4 | HexFormat.fromHexDigit(text[2 * i + 1]));
        }
        return decoded;
    }

    /** 32 random bytes are printable once in 10^13 times; 32 characters are a key of 16 bytes in hex. */
    private static boolean isText(byte[] content) {
        for (byte one : content) {
            if (one < ' ' || one > '~') {
                return false;
            }
        }
        return true;
    }

    private static MasterKey checked(Path file, byte[] secret) {
        if (secret.length != BYTES) {
            throw refused(file, "its key has " + secret.length + " bytes", wanted());
        }
        if (Arrays.equals(secret, new byte[BYTES])) {
            throw refused(file, "its bytes are all zero", wanted());
        }
        return of(secret);
    }

    private static String wanted() {
        return "expected 32 random bytes: as they are, as 64 hex digits or in base64; 'tidegate keys new FILE' makes one";
    }

    private static StreamLogException refused(Path file, String found, String advice) {
        return new StreamLogException(
                StreamLogException.Category.REJECT, "key file " + file + ": " + found + "; " + advice);
    }

    /** What segments say about the key they need, 16 hex digits. */
    public String id() {
        return text(number);
    }

    static String text(long number) {
        return HexFormat.of().toHexDigits(number);
    }

    long number() {
        return number;
    }

    /** 32 bytes, to be wiped by the caller. */
    byte[] dataKey(byte[] salt) {
        return Hkdf.derive(salt, secret, DATA_INFO, BYTES);
    }

    @Override
    public String toString() {
        return "key " + id();
    }

    @Override
    public void close() {
        Arrays.fill(secret, (byte) 0);
    }
}
