package io.tidegate.capture;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamLog;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Records whose bytes are durable, on their way into the log: one unit at a time, in order, tried until it is in.
 * Each unit also moves the state that says how far a track is recorded, so that a restart neither repeats nor forgets.
 *
 * <p>Confined to the store's thread.
 */
final class RecordQueue {
    static final int LENGTH_MAX = 4096;
    private static final int UNIT_RECORDS_MAX = 32;
    private static final Duration RETRY_UNKNOWN = Duration.ofSeconds(1);
    private static final Duration RETRY_MAX = Duration.ofSeconds(10);
    private static final String STATE_PREFIX = "video/";

    /** How far a track is recorded in the log. */
    record Recorded(long run, long fragment, long endMillis) {
        static final Recorded NONE = new Recorded(0, 0, 0);

        static Recorded of(StreamLog log, TrackName track) {
            return log.state(STATE_PREFIX + track.directory())
                    .map(value -> {
                        String[] numbers = value.utf8().split(" ", -1);
                        return new Recorded(
                                Long.parseLong(numbers[0]), Long.parseLong(numbers[1]), Long.parseLong(numbers[2]));
                    })
                    .orElse(NONE);
        }

        Payload encoded() {
            return Payload.ofUtf8(run + " " + fragment + " " + endMillis);
        }
    }

    private record Waiting(
            TrackName track, NewRecord record, @Nullable Recorded recorded) {}

    private final StreamLog log;
    private final Clock clock;
    private final Runnable wake;
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private @Nullable CompletableFuture<AppendResult> inFlight;
    private int inFlightCount;
    private long retryAtNanos;
    private boolean refused;

    RecordQueue(StreamLog log, Clock clock, Runnable wake) {
        this.log = log;
        this.clock = clock;
        this.wake = wake;
        this.retryAtNanos = clock.monotonicNanos();
    }

    void addGap(TrackName track, NewRecord record) {
        waiting.add(new Waiting(track, record, null));
    }

    void addFragment(TrackName track, NewRecord record, Recorded recorded) {
        waiting.add(new Waiting(track, record, recorded));
    }

    /** No more fragments should be written before the log takes records again. */
    boolean isFull() {
        return waiting.size() >= LENGTH_MAX;
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** Looks at the answer, or sends the next unit. Returns how many records were committed. */
    int doWork() {
        int done = 0;
        if (inFlight != null && inFlight.isDone()) {
            done = settle(answer(inFlight));
            inFlight = null;
        }
        if (inFlight == null && !waiting.isEmpty() && clock.monotonicNanos() - retryAtNanos >= 0) {
            send();
        }
        return done;
    }

    private void send() {
        List<NewRecord> records = new ArrayList<>();
        Map<String, StateUpdate> state = new LinkedHashMap<>();
        for (Waiting next : waiting) {
            if (records.size() == UNIT_RECORDS_MAX) {
                break;
            }
            records.add(next.record());
            if (next.recorded() != null) {
                String key = STATE_PREFIX + next.track().directory();
                state.put(key, new StateUpdate(key, next.recorded().encoded()));
            }
        }
        inFlightCount = records.size();
        CompletableFuture<AppendResult> future =
                log.append(new AppendUnit(records, List.of(), List.copyOf(state.values()), List.of()));
        inFlight = future;
        var unused = future.whenComplete((result, failure) -> wake.run());
    }

    private static AppendResult answer(CompletableFuture<AppendResult> future) {
        try {
            return future.join();
        } catch (CompletionException | CancellationException e) {
            return new AppendResult.Unknown(String.valueOf(e.getMessage()));
        }
    }

    private int settle(AppendResult result) {
        if (result instanceof AppendResult.Committed) {
            for (int i = 0; i < inFlightCount; i++) {
                waiting.remove();
            }
            if (refused) {
                refused = false;
                Logger.info("The log takes video records again");
            }
            return inFlightCount;
        }
        Duration pause = RETRY_UNKNOWN;
        String reason = result.toString();
        if (result instanceof AppendResult.Refused refusal) {
            pause = refusal.retryAfter().compareTo(RETRY_MAX) > 0 ? RETRY_MAX : refusal.retryAfter();
            reason = refusal.reason();
        }
        retryAtNanos = clock.monotonicNanos() + pause.toNanos();
        if (!refused) {
            refused = true;
            Logger.warn("Video records wait, the log does not take them: {}", reason);
        }
        return 0;
    }

    /** Puts what waits, as far as the log answers in time. What is left is put after the next start. */
    void drain(Duration atMost) {
        long endNanos = clock.monotonicNanos() + atMost.toNanos();
        while (!waiting.isEmpty() && clock.monotonicNanos() - endNanos < 0) {
            if (doWork() == 0 && !await(endNanos)) {
                return;
            }
        }
    }

    private boolean await(long endNanos) {
        if (inFlight == null) {
            return false;
        }
        try {
            inFlight.get(Math.max(1, endNanos - clock.monotonicNanos()), TimeUnit.NANOSECONDS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException e) {
            return true;
        } catch (TimeoutException e) {
            Logger.warn("{} video records are put after the next start: the log did not answer", waiting.size());
            return false;
        }
    }
}
