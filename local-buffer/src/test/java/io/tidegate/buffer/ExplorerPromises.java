package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * What {@link ExplorerChild} had said up to a moment, and whether a log keeps to it. The only source of truth is what
 * the child said; what its records hold follows from their numbers.
 *
 * <p>Confined to one thread.
 */
final class ExplorerPromises {
    private static final long FIRST_PROBE = 10_000_000;

    /** Where a record was said to be, and at which powered-on time at most it was stored. */
    private record Place(ShardId shard, long number, long hours) {}

    private record Unit(long first, long last) {}

    private final long seed;
    private final StringBuilder unfinished = new StringBuilder();
    private final TreeMap<Long, Place> places = new TreeMap<>();
    private final Map<ShardId, TreeMap<Long, Long>> idsByNumber = new HashMap<>();
    private final List<Unit> units = new ArrayList<>();
    /** What the number of open shards may be: the last that was reached, and what was asked for since. */
    private final List<Integer> scales = new ArrayList<>(List.of(ExplorerChild.AGED_SHARDS));

    private boolean isCreated;
    private long hours;
    /** By the first number of its records, when a process started. */
    private final TreeMap<Long, Long> starts = new TreeMap<>();

    private long cursor = -1;
    private long lastNumbered = -1;
    private long probes = FIRST_PROBE;
    /** As the last check found them. */
    private Map<ShardId, Long> lastHorizons = new HashMap<>();

    private long forgotten;

    ExplorerPromises(long seed) {
        this.seed = seed;
    }

    long hours() {
        return hours;
    }

    int acknowledged() {
        return places.size();
    }

    /** A process starts whose records are numbered from here. */
    void starting(long firstId) {
        starts.put(firstId, hours);
    }

    long everAcknowledged() {
        return forgotten + places.size();
    }

    /** What may be gone, and was, is not looked for any more: so a long run stays quick. */
    void forgetWhatHasGone() {
        long before = places.size();
        places.entrySet()
                .removeIf(entry -> entry.getKey() != lastNumbered
                        && entry.getValue().number()
                                < lastHorizons.getOrDefault(entry.getValue().shard(), Long.MAX_VALUE));
        forgotten += before - places.size();
        units.removeIf(unit -> unit.last() < cursor);
    }

    void hear(String said) {
        unfinished.append(said);
        for (int end = unfinished.indexOf("\n"); end >= 0; end = unfinished.indexOf("\n")) {
            hearLine(unfinished.substring(0, end));
            unfinished.delete(0, end + 1);
        }
    }

    private void hearLine(String line) {
        String[] words = line.split(" ", -1);
        switch (words[0]) {
            case "created" -> isCreated = true;
            case "try" -> units.add(new Unit(Long.parseLong(words[1]), Long.parseLong(words[2])));
            case "done" -> cursor = Long.parseLong(words[1]);
            case "clock" -> hours = Long.parseLong(words[1]);
            case "scale" -> scales.add(Integer.valueOf(words[1]));
            case "scaled" -> scales.subList(0, scales.size() - 1).clear();
            case "ack" -> place(words, Long.parseLong(words[5]));
            case "seen" -> {
                if (words.length > 1) {
                    // Stored at some time since the process that offered it started: it was not answered any more.
                    Map.Entry<Long, Long> started = starts.floorEntry(Long.valueOf(words[1]));
                    place(words, started == null ? 0 : started.getValue());
                }
            }
            default -> throw new AssertionError("the child said: " + line);
        }
    }

    private void place(String[] words, long storedHours) {
        long id = Long.parseLong(words[1]);
        ShardId shard = new ShardId(new StreamName(words[2]), Integer.parseInt(words[3]));
        long number = Long.parseLong(words[4]);
        Place before = places.putIfAbsent(id, new Place(shard, number, storedHours));
        assertThat(before == null || before.number() == number)
                .as("record " + id + " has one number: " + before + " and " + number)
                .isTrue();
        Long other =
                idsByNumber.computeIfAbsent(shard, first -> new TreeMap<>()).putIfAbsent(number, id);
        assertThat(other == null || other == id)
                .as("number " + number + " of " + shard + " is used once: for " + other + " and " + id)
                .isTrue();
        if (ExplorerChild.isNumbered(id) && before == null) {
            lastNumbered = Math.max(lastNumbered, id);
        }
    }

    /** Opens a log and throws an AssertionError if it breaks a promise. Appends to it. */
    void check(Path home) {
        try (ShardLog log =
                OpenedLogs.open(ExplorerChild.settings(home), ExplorerChild.clock(hours), new Random(places.size()))) {
            if (log.admin().describe(ExplorerChild.BOUNDED).isPresent()) {
                checkContents(log);
                checkGoesOn(log);
            } else {
                assertThat(isCreated).as("the streams are there").isFalse();
            }
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }

    private void checkContents(ShardLog log) {
        Map<Long, Place> found = new HashMap<>();
        Map<ShardId, Long> horizons = new HashMap<>();
        for (StreamName stream : List.of(ExplorerChild.AGED, ExplorerChild.BOUNDED)) {
            for (ShardId shard : ExplorerChild.shards(log, stream)) {
                try {
                    horizons.put(shard, checkShard(log, shard, found));
                } catch (StreamLogException e) {
                    // A closed shard may expire while it is looked at.
                    assertThat(ExplorerChild.shards(log, stream))
                            .as(e.toString())
                            .doesNotContain(shard);
                }
            }
        }
        places.forEach((id, place) -> {
            // A closed shard that is not listed any more has expired as a whole.
            if (place.number() < horizons.getOrDefault(place.shard(), Long.MAX_VALUE)) {
                checkMayBeGone(id, place);
            } else {
                Place actual = found.get(id);
                if (actual == null
                        || actual.number() != place.number()
                        || !actual.shard().equals(place.shard())) {
                    throw new AssertionError(
                            "record " + id + ", acknowledged as " + place + ", was found at " + actual);
                }
            }
        });
        checkOrder(log);
        checkScale(log);
        checkUnits(log, found, horizons);
        lastHorizons = horizons;
    }

    /** Over all shards, so that it holds across a reshard. */
    private static void checkOrder(ShardLog log) {
        Map<String, Long> lastOfKey = new HashMap<>();
        for (StreamRecord record :
                LogReader.records(LogReader.all(log, ExplorerChild.AGED, LogPosition.TRIM_HORIZON))) {
            long id = ExplorerChild.id(record);
            Long before = lastOfKey.put(record.partitionKey(), id);
            assertThat(before == null || before < id)
                    .as("order of " + record.partitionKey() + ": " + before + " before " + id)
                    .isTrue();
        }
    }

    private void checkScale(ShardLog log) {
        List<ShardDescription> open = log.admin().describe(ExplorerChild.AGED).orElseThrow().shards().stream()
                .filter(ShardDescription::open)
                .sorted(Comparator.comparing(shard -> shard.range().startInclusive()))
                .toList();
        assertThat(scales).as("numbers of open shards").contains(open.size());
        for (int i = 1; i < open.size(); i++) {
            assertThat(open.get(i).range().startInclusive().value())
                    .as("the ranges cover every key once")
                    .isEqualTo(open.get(i - 1).range().endInclusive().value().add(BigInteger.ONE));
        }
    }

    /** Returns the shard's horizon. */
    private long checkShard(ShardLog log, ShardId shard, Map<Long, Place> found) {
        // Read again if the keeper moved the horizon in between.
        List<LogEntry> entries;
        LossLedger ledger;
        do {
            ledger = log.ledger(shard);
            entries = ExplorerChild.read(log, shard);
        } while (!log.ledger(shard).equals(ledger));
        long next = 1;
        long horizon = 1;
        Map<String, Long> lastOfKey = new HashMap<>();
        List<StreamRecord> records = LogReader.records(entries);
        for (LogEntry entry : entries) {
            if (entry instanceof Gap gap) {
                assertThat(gap.fromInclusive())
                        .as("only the oldest are gone: " + gap)
                        .isEqualTo(horizon);
                assertThat(gap.reason())
                        .isEqualTo(shard.stream().equals(ExplorerChild.AGED) ? GapReason.EXPIRED : GapReason.EVICTED);
                horizon = gap.toExclusive();
                next = horizon;
            }
        }
        for (StreamRecord record : records) {
            long id = ExplorerChild.id(record);
            NewRecord expected = ExplorerChild.record(seed, id);
            assertThat(record.sequenceNumber())
                    .as("numbers are dense in " + shard)
                    .isEqualTo(next++);
            assertThat(record.data()).as("the bytes of record " + id).isEqualTo(expected.data());
            assertThat(record.partitionKey()).isEqualTo(expected.partitionKey());
            assertThat(shard.stream()).isEqualTo(expected.stream());
            assertThat(found.put(id, new Place(shard, record.sequenceNumber(), 0)))
                    .as("record " + id + " is stored once")
                    .isNull();
            Long before = lastOfKey.put(record.partitionKey(), id);
            assertThat(before == null || before < id)
                    .as("order of " + record.partitionKey() + ": " + before + " before " + id)
                    .isTrue();
        }
        assertThat(ledger.balances()).as(ledger.toString()).isTrue();
        assertThat(ledger.retained()).as(ledger.toString()).isEqualTo(records.size());
        assertThat(ledger.appended()).as(ledger.toString()).isEqualTo(next - 1);
        assertThat(ledger.corrupt()).isZero();
        return horizon;
    }

    /** Too old by the powered-on time, or too far back by the bytes that came later. */
    private void checkMayBeGone(long id, Place place) {
        if (place.shard().stream().equals(ExplorerChild.AGED)) {
            assertThat(hours - place.hours())
                    .as("the age in hours of record " + id + " at " + place + ", which is gone")
                    .isGreaterThanOrEqualTo(ExplorerChild.RETENTION.toHours());
        } else {
            long later = 2L * ExplorerChild.UNIT_BYTES_MAX; // what was not answered yet
            for (long other : places.tailMap(id).keySet()) {
                NewRecord record = ExplorerChild.record(seed, other);
                if (record.stream().equals(ExplorerChild.BOUNDED)) {
                    later += record.data().length() + record.partitionKey().length();
                }
            }
            assertThat(later)
                    .as("bytes from record " + id + " at " + place + ", which is gone")
                    .isGreaterThan(ExplorerChild.BOUNDED_BYTES);
        }
    }

    private void checkUnits(ShardLog log, Map<Long, Place> found, Map<ShardId, Long> horizons) {
        long reached = log.state(ExplorerChild.CURSOR)
                .map(value -> Long.parseLong(value.utf8()))
                .orElse(-1L);
        Payload opaque = log.checkpoint(ExplorerChild.READER, ExplorerChild.SCOPE)
                .map(Checkpoint::opaque)
                .orElse(Payload.ofUtf8("-1"));
        assertThat(reached).as("the state").isGreaterThanOrEqualTo(cursor);
        assertThat(opaque.utf8()).as("the checkpoint beside the state").isEqualTo(Long.toString(reached));
        for (Unit unit : units) {
            for (long id = unit.first(); id <= unit.last(); id++) {
                Place place = places.get(id);
                boolean isGone = place == null || place.number() < horizons.getOrDefault(place.shard(), Long.MAX_VALUE);
                if (unit.last() > reached) {
                    assertThat(found).as("of a unit that is not there").doesNotContainKey(id);
                } else if (!isGone || (place == null && unit.last() == reached && cursor < reached)) {
                    assertThat(found).as("of a unit that is there").containsKey(id);
                }
            }
        }
    }

    /** New numbers are new, the newest numbered record is recognised, and everything is still there. */
    private void checkGoesOn(ShardLog log) {
        try {
            Place newest = places.get(lastNumbered);
            // A first copy whose shard has expired is none.
            if (newest != null && hours - newest.hours() < ExplorerChild.RETENTION.toHours()) {
                AppendResult.Committed again =
                        LogReader.commit(log, AppendUnit.of(ExplorerChild.record(seed, lastNumbered)));
                assertThat(again.places().get(0).duplicate())
                        .as("the second copy of record " + lastNumbered + " is recognised")
                        .isTrue();
                assertThat(again.places().get(0).sequenceNumber()).isEqualTo(newest.number());
            }
            List<NewRecord> more = new ArrayList<>();
            for (int i = 0; i < 2 * ExplorerChild.KEYS; i++) {
                more.add(ExplorerChild.record(seed, probes + i).withDeviceNumber(null));
            }
            AppendResult.Committed committed = LogReader.commit(log, AppendUnit.of(more));
            for (int i = 0; i < more.size(); i++) {
                AppendResult.Placed place = committed.places().get(i);
                TreeMap<Long, Long> known = idsByNumber.getOrDefault(place.shard(), new TreeMap<>());
                assertThat(place.sequenceNumber())
                        .as("a new number of " + place.shard())
                        .isGreaterThan(known.isEmpty() ? 0 : known.lastKey());
            }
            probes += more.size();
        } catch (AssertionError e) {
            throw e;
        } catch (Exception e) {
            throw new AssertionError("the log does not go on", e);
        }
    }
}
