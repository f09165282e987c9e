package io.tidegate.buffer;

import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a log must hold and may have given up, kept in the simplest way and written from docs/design/0001-shard-log.md:
 * it shares no code with what it checks.
 *
 * <p>The log gives records up on its own time. So the model knows how far it may have: the furthest that "Retain" has
 * allowed at any moment since.
 *
 * <p>Confined to one thread.
 */
final class LogModel {
    /** Records of a stream and partition key among which a second copy is recognised; I12. */
    private static final int WINDOW = 64;

    /** A record, with how long the log had been open when it was offered. */
    static final class Stored {
        final String key;
        final @Nullable BigInteger hashKey;
        final String text;
        final long elapsedNanos;
        final long lostNanos;
        /** This and those below are 0 until they are known, at the first reading at the latest. */
        long lsn;

        long epoch;
        long arrivalMillis;

        Stored(String key, @Nullable BigInteger hashKey, String text, LogModel model) {
            this.key = key;
            this.hashKey = hashKey;
            this.text = text;
            this.elapsedNanos = model.elapsedNanos;
            this.lostNanos = model.lostNanos;
        }

        int bytes() {
            return key.length() + text.length();
        }
    }

    /** One shard. Records are numbered from 1. */
    static final class Shard {
        final ShardId id;
        final BigInteger first;
        final BigInteger last;
        final List<Integer> parents;
        final List<Stored> records = new ArrayList<>();
        boolean isOpen = true;
        /** Not listed any more. */
        boolean isGone;

        boolean goneIsChecked;
        long closedElapsedNanos;
        /** Where the log's horizon was when it was looked at last. */
        long horizon = 1;

        long mayExpireTo = 1;
        long mayEvictTo = 1;

        Shard(ShardId id, BigInteger first, BigInteger last, List<Integer> parents) {
            this.id = id;
            this.first = first;
            this.last = last;
            this.parents = List.copyOf(parents);
        }

        Shard copy() {
            Shard copy = new Shard(id, first, last, parents);
            copy.records.addAll(records);
            copy.isOpen = isOpen;
            copy.isGone = isGone;
            copy.goneIsChecked = goneIsChecked;
            copy.closedElapsedNanos = closedElapsedNanos;
            copy.horizon = horizon;
            copy.mayExpireTo = mayExpireTo;
            copy.mayEvictTo = mayEvictTo;
            return copy;
        }

        long next() {
            return records.size() + 1L;
        }

        Stored record(long number) {
            return records.get((int) number - 1);
        }

        /** The number after those of the commit that holds this one. */
        long blockEnd(long number) {
            long lsn = record(number).lsn;
            long end = number;
            while (end < next() && record(end).lsn == lsn) {
                end++;
            }
            return end;
        }

        long retainedBytes(long from) {
            return records.subList((int) from - 1, records.size()).stream()
                    .mapToLong(Stored::bytes)
                    .sum();
        }
    }

    /** A stream and what it was told. */
    static final class Stream {
        final StreamName name;
        final TreeMap<Integer, Shard> shards = new TreeMap<>();
        long retentionNanos;
        /** The shortest that it was ever told. */
        long retentionNanosMin;

        long bytesMax = Long.MAX_VALUE;
        boolean rejects;

        Stream(StreamName name, long retentionNanos) {
            this.name = name;
            this.retentionNanos = retentionNanos;
            this.retentionNanosMin = retentionNanos;
        }

        void retain(long nanos) {
            retentionNanos = nanos;
            retentionNanosMin = Math.min(retentionNanosMin, nanos);
        }

        Stream copy() {
            Stream copy = new Stream(name, retentionNanos);
            shards.forEach((number, shard) -> copy.shards.put(number, shard.copy()));
            copy.retentionNanosMin = retentionNanosMin;
            copy.bytesMax = bytesMax;
            copy.rejects = rejects;
            return copy;
        }

        List<Shard> open() {
            return shards.values().stream().filter(shard -> shard.isOpen).toList();
        }

        List<Shard> listed() {
            return shards.values().stream().filter(shard -> !shard.isGone).toList();
        }

        Shard route(String key, @Nullable BigInteger hashKey) {
            BigInteger place = hashKey == null ? md5(key) : hashKey;
            return open().stream()
                    .filter(shard -> shard.first.compareTo(place) <= 0 && place.compareTo(shard.last) <= 0)
                    .findFirst()
                    .orElseThrow();
        }
    }

    record Seen(long number, String text, ShardId shard, long sequenceNumber) {}

    final TreeMap<String, Stream> streams = new TreeMap<>();
    /** The first free shard number of streams that are gone. */
    final Map<String, Integer> deleted = new HashMap<>();
    /** Every record, in the order of its storing. */
    final List<Map.Entry<ShardId, Long>> commitOrder = new ArrayList<>();
    /** By stream and key, the one that was appended to longest ago first. */
    final LinkedHashMap<String, List<Seen>> windows = new LinkedHashMap<>();

    private final int windowsMax;
    /** Set by every unit to a value of its own. */
    String cursor = "";
    /** Of a consumer that reads shard by shard, how far it has confirmed each. */
    final Map<ShardId, Long> lane = new HashMap<>();
    /** Expiry of this stream waits for the lane. */
    @Nullable
    StreamName laneRequires;
    /** Of a consumer in commit order: where it goes on, and the numbers that it has heard of. */
    LogPosition follower = LogPosition.TRIM_HORIZON;

    final Map<ShardId, BitSet> heard = new HashMap<>();
    /** How long the log has been open, at most. */
    long elapsedNanos;
    /** How much of that it may not know of, because nothing was committed before it was closed. */
    long lostNanos;
    /** The same since the last commit. */
    long uncommittedNanos;

    LogModel(int windowsMax) {
        this.windowsMax = windowsMax;
    }

    LogModel copy() {
        LogModel copy = new LogModel(windowsMax);
        streams.forEach((name, stream) -> copy.streams.put(name, stream.copy()));
        copy.deleted.putAll(deleted);
        copy.commitOrder.addAll(commitOrder);
        windows.forEach((key, seen) -> copy.windows.put(key, new ArrayList<>(seen)));
        copy.cursor = cursor;
        copy.lane.putAll(lane);
        copy.laneRequires = laneRequires;
        copy.follower = follower;
        heard.forEach((shard, numbers) -> copy.heard.put(shard, (BitSet) numbers.clone()));
        copy.elapsedNanos = elapsedNanos;
        copy.lostNanos = lostNanos;
        copy.uncommittedNanos = uncommittedNanos;
        return copy;
    }

    static BigInteger md5(String key) {
        try {
            byte[] digest = MessageDigest.getInstance("MD5").digest(key.getBytes(StandardCharsets.UTF_8));
            return new BigInteger(1, digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    Stream stream(StreamName name) {
        Stream found = streams.get(name.value());
        if (found == null) {
            throw new IllegalStateException("the model has no stream " + name);
        }
        return found;
    }

    Shard shard(ShardId id) {
        Shard found = stream(id.stream()).shards.get(id.number());
        if (found == null) {
            throw new IllegalStateException("the model has no shard " + id);
        }
        return found;
    }

    boolean has(ShardId id) {
        return streams.containsKey(id.stream().value())
                && stream(id.stream()).shards.containsKey(id.number());
    }

    /** The newest record with this number and text among the last of its key. */
    @Nullable
    Seen firstCopy(StreamName stream, String key, long number, String text) {
        List<Seen> window = windows.getOrDefault(stream + "/" + key, List.of());
        for (int i = window.size() - 1; i >= Math.max(0, window.size() - WINDOW); i--) {
            if (window.get(i).number() == number && window.get(i).text().equals(text)) {
                return window.get(i);
            }
        }
        return null;
    }

    void store(Shard shard, Stored record, @Nullable Long number) {
        shard.records.add(record);
        commitOrder.add(Map.entry(shard.id, shard.next() - 1));
        if (number != null) {
            String name = shard.id.stream() + "/" + record.key;
            List<Seen> window = windows.remove(name);
            window = window == null ? new ArrayList<>() : window;
            window.add(new Seen(number, record.text, shard.id, shard.next() - 1));
            windows.put(name, window);
            if (windows.size() > windowsMax) {
                windows.remove(windows.keySet().iterator().next());
            }
        }
        committed();
    }

    /** Whatever was committed carries the powered-on time. */
    void committed() {
        uncommittedNanos = 0;
    }

    void advance(long nanos) {
        elapsedNanos += nanos;
        uncommittedNanos += nanos;
    }

    /** The log is opened again, and may know of nothing after its last commit. */
    void reopened() {
        lostNanos += uncommittedNanos;
        uncommittedNanos = 0;
    }

    void delete(StreamName name) {
        Stream gone = stream(name);
        deleted.put(name.value(), gone.shards.lastKey() + 1);
        streams.remove(name.value());
        windows.keySet().removeIf(key -> key.startsWith(name + "/"));
        lane.keySet().removeIf(shard -> shard.stream().equals(name));
        heard.keySet().removeIf(shard -> shard.stream().equals(name));
        commitOrder.removeIf(entry -> entry.getKey().stream().equals(name));
    }

    private boolean isConfirmed(Shard shard, long blockEnd) {
        return !shard.id.stream().equals(laneRequires) || lane.getOrDefault(shard.id, 0L) >= blockEnd;
    }

    /** Notes how far "Retain" allows horizons to go at this moment. */
    void allow() {
        for (Stream stream : streams.values()) {
            for (Shard shard : stream.shards.values()) {
                shard.mayExpireTo = expiryOf(stream, shard, shard.mayExpireTo, 0);
            }
            if (!stream.rejects) {
                evict(stream).forEach((shard, to) -> shard.mayEvictTo = Math.max(shard.mayEvictTo, to));
            }
        }
    }

    /** How far a shard must have expired by now, if the log has looked. */
    long mustExpireTo(Stream stream, Shard shard) {
        return expiryOf(stream, shard, 1, lostNanos);
    }

    private long expiryOf(Stream stream, Shard shard, long from, long lost) {
        long to = from;
        while (to < shard.next()) {
            Stored record = shard.record(to);
            long age = elapsedNanos - record.elapsedNanos - (lost == 0 ? 0 : lost - record.lostNanos);
            if (age < stream.retentionNanos || !isConfirmed(shard, shard.blockEnd(to))) {
                return to;
            }
            to = shard.blockEnd(to);
        }
        return to;
    }

    /** How far each shard would go: the oldest commits of the stream, until its bytes suffice; a shard's newest stays. */
    private static Map<Shard, Long> evict(Stream stream) {
        Map<Shard, Long> to = new HashMap<>();
        long rest = 0;
        for (Shard shard : stream.listed()) {
            to.put(shard, shard.horizon);
            rest += shard.retainedBytes(shard.horizon);
        }
        while (rest > stream.bytesMax) {
            long oldest = to.entrySet().stream()
                    .filter(LogModel::hasOlder)
                    .mapToLong(one -> one.getKey().record(one.getValue()).lsn)
                    .min()
                    .orElse(Long.MAX_VALUE);
            if (oldest == Long.MAX_VALUE) {
                return to;
            }
            // Of one commit over several shards, nobody says which goes first.
            for (Map.Entry<Shard, Long> one : to.entrySet()) {
                Shard shard = one.getKey();
                if (hasOlder(one) && shard.record(one.getValue()).lsn == oldest) {
                    long end = shard.blockEnd(one.getValue());
                    rest -= shard.retainedBytes(one.getValue()) - shard.retainedBytes(end);
                    one.setValue(end);
                }
            }
        }
        return to;
    }

    private static boolean hasOlder(Map.Entry<Shard, Long> one) {
        Shard shard = one.getKey();
        return one.getValue() < shard.next() && shard.blockEnd(one.getValue()) < shard.next();
    }

    /** Whether a stream keeps no more than it may, as far as it can. */
    static boolean isWithinBytes(Stream stream) {
        return evict(stream).entrySet().stream().allMatch(one -> one.getValue() == one.getKey().horizon);
    }
}
