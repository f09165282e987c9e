package io.tidegate.uplink;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.Worker;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.MediaSource;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;

/**
 * The lanes of one uplink, taking turns on one thread, which also runs the destination's callbacks.
 *
 * <p>Confined to that thread, but for {@link #status}, {@link #resumeStopped}, {@link #wake} and the executor.
 */
final class UplinkWorker implements Worker, LaneContext, Executor {
    private static final long LOOK_FOR_SHARDS_NANOS = Duration.ofSeconds(1).toNanos();

    private final UplinkSettings settings;
    private final StreamLog log;
    private final Clock clock;
    private final RandomGenerator random;
    private final Optional<MediaSource> media;
    private final ConsumerName consumer;
    private final Destination destination;
    private final Map<ShardId, Lane> lanes = new ConcurrentSkipListMap<>();
    /** Bounded by the calls in flight, of which each lane has one at most. */
    private final ConcurrentLinkedQueue<Runnable> callbacks = new ConcurrentLinkedQueue<>();

    private final AtomicBoolean resumeRequested = new AtomicBoolean();
    private final AtomicLong unitsSent = new AtomicLong();
    private final AtomicLong retries = new AtomicLong();
    private final AtomicLong mediaSent = new AtomicLong();
    private final AtomicLong alarmsLost = new AtomicLong();
    private volatile Runnable wakeThread = () -> {};
    private volatile boolean closed;
    private int roomLeft;
    private int firstLane;
    private long lookAgainNanos;

    UplinkWorker(
            UplinkSettings settings,
            Destination.Opener opener,
            StreamLog log,
            Optional<MediaSource> media,
            Clock clock,
            RandomGenerator random) {
        this.settings = settings;
        this.log = log;
        this.media = media;
        this.clock = clock;
        this.random = random;
        this.consumer = settings.consumer();
        this.roomLeft = settings.unitsAtOnce();
        this.lookAgainNanos = clock.monotonicNanos();
        this.destination = opener.open(this);
        for (StreamName own : List.of(StreamName.GAPS, StreamName.ALARMS, StreamName.DEAD_LETTERS)) {
            if (log.admin().describe(own).isEmpty()) {
                log.admin().create(StreamSettings.of(own).withRecordBytesMax(NewRecord.BYTES_MAX));
            }
        }
    }

    void onWake(Runnable wake) {
        wakeThread = wake;
    }

    @Override
    public int doWork() {
        int done = 0;
        for (Runnable callback = callbacks.poll(); callback != null; callback = callbacks.poll()) {
            callback.run();
            done++;
        }
        lookForShards();
        boolean resume = resumeRequested.getAndSet(false);
        List<Lane> all = new ArrayList<>(lanes.values());
        for (int i = 0; i < all.size(); i++) {
            // Not always the same lane first, or it would always find room.
            Lane lane = all.get((firstLane + i) % all.size());
            if (resume) {
                lane.resume();
            }
            done += step(lane, haveEnded(lane.parents())) ? 1 : 0;
        }
        firstLane = all.isEmpty() ? 0 : (firstLane + 1) % all.size();
        return done;
    }

    /** The order of a key goes on from a closed shard to its children: not before all of the one has arrived. */
    private boolean haveEnded(List<ShardId> parents) {
        return parents.stream().allMatch(parent -> {
            Lane lane = lanes.get(parent);
            return lane == null || lane.isEnded();
        });
    }

    private static boolean step(Lane lane, boolean parentsHaveEnded) {
        try {
            return lane.step(parentsHaveEnded);
        } catch (RuntimeException e) {
            lane.recover(e);
            return true;
        }
    }

    private void lookForShards() {
        long now = clock.monotonicNanos();
        if (now - lookAgainNanos < 0) {
            return;
        }
        lookAgainNanos = now + LOOK_FOR_SHARDS_NANOS;
        Set<ShardId> listed = new HashSet<>();
        for (StreamDescription stream : log.admin().list()) {
            if (settings.selection().includes(stream.name())) {
                // In the order of their numbers: a parent has its lane before its children have.
                for (ShardDescription shard : stream.shards()) {
                    listed.add(shard.id());
                    lanes.computeIfAbsent(shard.id(), id -> new Lane(this, shard, media));
                }
            }
        }
        lanes.forEach((shard, lane) -> {
            if (!listed.contains(shard)) {
                lane.close();
                lanes.remove(shard);
            }
        });
    }

    @Override
    public boolean isListed(ShardId shard) {
        return log.admin().describe(shard.stream()).stream()
                .flatMap(stream -> stream.shards().stream())
                .anyMatch(listed -> listed.id().equals(shard));
    }

    @Override
    public void destinationLost() {
        lanes.values().forEach(Lane::askAgain);
    }

    UplinkStatus status() {
        List<LaneStatus> all = lanes.values().stream().map(Lane::status).toList();
        ConsumerLedger sum = ConsumerLedger.EMPTY;
        for (LaneStatus lane : all) {
            sum = sum.plus(lane.ledger());
        }
        return new UplinkStatus(settings.name(), all, sum, unitsSent.get(), retries.get(), mediaSent.get());
    }

    void resumeStopped() {
        resumeRequested.set(true);
        wake();
    }

    @Override
    public void execute(Runnable callback) {
        if (closed) {
            callback.run();
            return;
        }
        callbacks.add(callback);
        wake();
    }

    @Override
    public void onClose() {
        closed = true;
        lanes.values().forEach(Lane::close);
        destination.close();
        for (Runnable callback = callbacks.poll(); callback != null; callback = callbacks.poll()) {
            callback.run();
        }
    }

    @Override
    public UplinkSettings settings() {
        return settings;
    }

    @Override
    public StreamLog log() {
        return log;
    }

    @Override
    public ConsumerName consumer() {
        return consumer;
    }

    @Override
    public Destination destination() {
        return destination;
    }

    @Override
    public Clock clock() {
        return clock;
    }

    @Override
    public RandomGenerator random() {
        return random;
    }

    @Override
    public boolean acquireRoom(boolean forVideo) {
        // The last place is for records: pictures wait for telemetry.
        if (roomLeft < (forVideo ? 2 : 1)) {
            return false;
        }
        roomLeft--;
        return true;
    }

    @Override
    public void releaseRoom() {
        roomLeft++;
        wake();
    }

    @Override
    public void alarm(String kind, LaneStatus lane) {
        CompletableFuture<AppendResult> appended =
                log.append(AppendUnit.of(LaneRecords.alarm(kind, settings.name(), lane)));
        CompletableFuture<AppendResult> unused = appended.whenComplete((result, failure) -> {
            if (!(result instanceof AppendResult.Committed)) {
                alarmsLost.incrementAndGet();
            }
        });
    }

    @Override
    public void countUnit() {
        unitsSent.incrementAndGet();
    }

    @Override
    public void countRetry() {
        retries.incrementAndGet();
    }

    @Override
    public void countMedia() {
        mediaSent.incrementAndGet();
    }

    @Override
    public void wake() {
        wakeThread.run();
    }
}
