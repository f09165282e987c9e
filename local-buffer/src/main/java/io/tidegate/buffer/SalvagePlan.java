package io.tidegate.buffer;

import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.HashKeyRange;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.tinylog.Logger;

/**
 * What a first look at all segments of a damaged log says about it as a whole: what its shards are called, where each
 * segment ends, how far retention had come.
 *
 * <p>Confined to one thread.
 */
final class SalvagePlan {
    private final Map<Integer, ControlEntry.ShardOpened> shards = new HashMap<>();
    private final Map<StreamName, ControlEntry.StreamSet> streams = new HashMap<>();
    private final Map<Integer, Long> horizons = new HashMap<>();
    /** Per shard, the commit that opens it, if that is among what was found. */
    private final Map<Integer, Long> openings = new HashMap<>();

    private final TreeMap<Integer, Long> firstLsns = new TreeMap<>();
    private final Map<Integer, Long> cuts = new HashMap<>();
    private final Set<Long> epochs = new HashSet<>();

    static SalvagePlan of(Path directory, List<Integer> numbers, LogEncryption encryption) throws IOException {
        SalvagePlan plan = new SalvagePlan();
        ShardCatalog.read(directory, encryption).orElse(List.of()).forEach(plan::note);
        for (int number : numbers) {
            try (SegmentSalvage segment = SegmentSalvage.look(SegmentFile.path(directory, number), encryption);
                    BlockUnpacker unpacker = new BlockUnpacker(encryption.decryptor(number, OptionalLong.empty()))) {
                plan.look(number, segment, unpacker);
            }
        }
        return plan;
    }

    private void look(int number, SegmentSalvage segment, BlockUnpacker unpacker) {
        epochs.addAll(segment.epochs());
        for (ControlEntry entry : segment.snapshotRows()) {
            note(entry);
            if (entry instanceof ControlEntry.LogPoint point) {
                epochs.add(point.epoch());
                firstLsns.merge(number, point.lastLsn() + 1, Math::min);
            }
        }
        for (SegmentSalvage.Found found : segment.blocks(epochs)) {
            firstLsns.merge(number, found.lsn(), Math::min);
            segment.read(found).ifPresent(stored -> {
                try {
                    for (ControlEntry entry : unpacker.unpack(stored).entries()) {
                        note(entry);
                        if (entry instanceof ControlEntry.ShardOpened opened) {
                            openings.merge(opened.ordinal(), stored.lsn(), Math::min);
                        }
                    }
                } catch (DamageException | IllegalArgumentException e) {
                    // Told when the block itself comes.
                    Logger.debug(e, "Commit {} cannot be unpacked", stored.lsn());
                }
            });
        }
    }

    private void note(ControlEntry entry) {
        if (entry instanceof ControlEntry.ShardOpened opened) {
            shards.put(opened.ordinal(), opened);
        } else if (entry instanceof ControlEntry.ShardPoint point) {
            shards.put(point.opened().ordinal(), point.opened());
            horizons.merge(point.opened().ordinal(), point.counters().horizon(), Math::max);
        } else if (entry instanceof ControlEntry.StreamSet set) {
            streams.put(set.settings().name(), set);
        } else if (entry instanceof ControlEntry.HorizonMoved moved) {
            horizons.merge(moved.ordinal(), moved.horizon(), Math::max);
        } else if (entry instanceof ControlEntry.SegmentPoint point) {
            cuts.merge(point.summary().number(), point.summary().nextLsn(), Math::min);
        }
    }

    /** Blocks of a segment from here on do not exist (I9): a later segment says so, or has them itself. */
    long endLsn(int number) {
        long end = cuts.getOrDefault(number, Long.MAX_VALUE);
        for (long first : firstLsns.tailMap(number, false).values()) {
            end = Math.min(end, first);
        }
        return end;
    }

    Set<Long> epochs() {
        return epochs;
    }

    /** Whether a commit up to this one opens a shard. */
    boolean isOpenedUntil(int ordinal, long lsn) {
        return openings.getOrDefault(ordinal, Long.MAX_VALUE) <= lsn;
    }

    /** The number below which nothing of a shard was retained in the end, as far as that is known. */
    long horizon(int ordinal) {
        return horizons.getOrDefault(ordinal, 1L);
    }

    /**
     * What a shard is that the state does not know: with a name of its own where nothing says what its stream was called.
     */
    List<ControlEntry> define(int ordinal, long firstSequenceNumber, long nowMillis) {
        ControlEntry.ShardOpened known = shards.get(ordinal);
        ShardId id = known == null ? new ShardId(new StreamName("salvaged-" + ordinal), 0) : known.id();
        HashKeyRange range = known == null ? new HashKeyRange(HashKey.MIN, HashKey.MAX) : known.range();
        List<Integer> parents = known == null ? List.of() : known.parents();
        ControlEntry.StreamSet stream = streams.getOrDefault(
                id.stream(), new ControlEntry.StreamSet(StreamSettings.of(id.stream()), nowMillis));
        return List.of(stream, new ControlEntry.ShardOpened(ordinal, id, range, firstSequenceNumber, parents));
    }
}
