package io.tidegate.buffer;

import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.CRC32C;
import org.tinylog.Logger;

/**
 * A second copy of which streams and shards there are, in a small file beside the segments. Only damage makes anybody
 * read it: a shard that was opened in a segment that cannot be read any more would otherwise be forgotten, and, created
 * again, start from numbers that readers have seen.
 *
 * <pre>
 * CRC-32C of the rest: 4 bytes big-endian, id of the key that the rest is encrypted with: 8 bytes, 0: not ({@link
 * Encryptor}), then control entries as in a block:
 * the log's point (for its next ordinal), then per deleted stream its name, then per stream its settings, then per
 * shard its opening and, if it is closed, its closing
 * </pre>
 *
 * Either it has everything that was ever answered, or it does not exist: what cannot be written anew is removed.
 *
 * <p>Confined to the thread that changes the state.
 */
final class ShardCatalog {
    static final String NAME = "shards";
    static final String UNFINISHED = NAME + ".new";
    private static final long BYTES_MAX = 16L << 20;
    private static final int HEAD_BYTES = Integer.BYTES + Long.BYTES;

    private ShardCatalog() {}

    /** Whether a block changes what the file must say. */
    static boolean isChangedBy(Block block) {
        return block.entries().stream()
                .anyMatch(entry -> entry instanceof ControlEntry.StreamSet
                        || entry instanceof ControlEntry.ShardOpened
                        || entry instanceof ControlEntry.ShardClosed
                        || entry instanceof ControlEntry.ShardExpired
                        || entry instanceof ControlEntry.StreamDeleted);
    }

    /** Makes the file say what the state says. */
    static void keep(Path directory, LogState state, LogEncryption encryption) {
        byte[] entries = encode(state);
        Path file = directory.resolve(NAME);
        try {
            if (says(file, entries, encryption)) {
                return;
            }
            byte[] content = content(entries, encryption);
            Path unfinished = directory.resolve(UNFINISHED);
            try (FileChannel out = FileChannel.open(
                    unfinished,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.TRUNCATE_EXISTING)) {
                ByteBuffer bytes = ByteBuffer.wrap(content);
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
                out.force(true);
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            SegmentFile.syncDirectory(directory);
        } catch (IOException e) {
            Logger.warn("The copy of the list of shards could not be written: {}", e.toString());
            remove(directory);
        }
    }

    /** Whether it says this already, under the current key. */
    private static boolean says(Path file, byte[] entries, LogEncryption encryption) throws IOException {
        if (!Files.exists(file)) {
            return false;
        }
        try {
            byte[] content = Files.readAllBytes(file);
            return content.length >= HEAD_BYTES
                    && ByteBuffer.wrap(content).getLong(Integer.BYTES) == encryption.currentKeyId()
                    && Arrays.equals(entries(content, encryption), entries);
        } catch (DamageException e) {
            return false;
        }
    }

    private static void remove(Path directory) {
        try {
            Files.deleteIfExists(directory.resolve(UNFINISHED));
            Files.deleteIfExists(directory.resolve(NAME));
            // Until this is there, a power cut brings an outdated copy back.
            SegmentFile.syncDirectory(directory);
        } catch (IOException e) {
            Logger.warn("An outdated copy of the list of shards could not be removed: {}", e.toString());
        }
    }

    /** What it says; empty: there is none, or it is damaged, or its key is not there. */
    static Optional<List<ControlEntry>> read(Path directory, LogEncryption encryption) {
        Path file = directory.resolve(NAME);
        try {
            if (Files.size(file) > BYTES_MAX) {
                throw new DamageException("it has " + Files.size(file) + " bytes");
            }
            return Optional.of(ControlCodec.decodeAll(entries(Files.readAllBytes(file), encryption)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException | DamageException | IllegalArgumentException | StreamLogException e) {
            Logger.warn("The copy of the list of shards cannot be read: {}", e.toString());
            return Optional.empty();
        }
    }

    private static byte[] encode(LogState state) {
        List<ControlEntry> entries = new ArrayList<>();
        entries.add(new ControlEntry.LogPoint("", 0, 0, 0, 0, 0, state.nextOrdinal(), state.firstSequenceNumber(), 0));
        entries.addAll(state.deletedStreams());
        state.allStreams().forEach(stream -> entries.add(stream.entry()));
        for (ShardState shard : state.allShards()) {
            entries.add(shard.point().opened());
            shard.closed().ifPresent(entries::add);
        }
        return ControlCodec.encodeAll(entries);
    }

    private static byte[] content(byte[] entries, LogEncryption encryption) {
        Encryptor encryptor = encryption.encryptor(0);
        byte[] stored = encryptor.shards(entries);
        byte[] content = ByteBuffer.allocate(HEAD_BYTES + stored.length)
                .putLong(Integer.BYTES, encryptor.keyId())
                .put(HEAD_BYTES, stored)
                .array();
        return ByteBuffer.wrap(content).putInt(crc(content)).array();
    }

    private static byte[] entries(byte[] content, LogEncryption encryption) {
        if (content.length < HEAD_BYTES) {
            throw new DamageException("it has " + content.length + " bytes");
        }
        if (ByteBuffer.wrap(content).getInt() != crc(content)) {
            throw new DamageException("it fails its CRC");
        }
        return encryption
                .decryptor(0, OptionalLong.empty())
                .shards(
                        ByteBuffer.wrap(content).getLong(Integer.BYTES),
                        Arrays.copyOfRange(content, HEAD_BYTES, content.length));
    }

    private static int crc(byte[] content) {
        CRC32C crc = new CRC32C();
        crc.update(content, Integer.BYTES, content.length - Integer.BYTES);
        return (int) crc.getValue();
    }
}
