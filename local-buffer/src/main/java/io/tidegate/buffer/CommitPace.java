package io.tidegate.buffer;

import io.tidegate.core.stream.LogStatus;
import io.tidegate.core.stream.Payload;
import java.util.Optional;
import org.tinylog.Logger;

/**
 * How soon a commit may follow the last one, by a fixed interval or by what is left of the day's writing.
 *
 * <p>Confined to the log's writer, but for the figures.
 */
final class CommitPace {
    /** The budget goes on from here after a restart; part of the log's state. */
    static final String STATE_KEY = "_log/write-budget";

    private final WriteMeter meter;
    private final long fixedNanos;
    private final long bytesPerDay;
    private final WriteBudget budget;
    private long metered;
    private boolean isTold;
    private volatile long dayBytes;
    private volatile long intervalNanos;

    CommitPace(CommitInterval interval, WriteMeter meter, LogState state) {
        this.meter = meter;
        this.metered = 0;
        if (interval instanceof CommitInterval.Fixed fixed) {
            this.fixedNanos = fixed.interval().toNanos();
            this.bytesPerDay = 0;
        } else {
            this.fixedNanos = 0;
            this.bytesPerDay = ((CommitInterval.Auto) interval).writeBytesPerDay();
        }
        this.budget = budget(bytesPerDay, state);
        this.dayBytes = budget.dayBytes();
        this.intervalNanos = fixedNanos;
    }

    private static WriteBudget budget(long bytesPerDay, LogState state) {
        Optional<Payload> stored = state.state(STATE_KEY);
        if (stored.isPresent()) {
            try {
                return WriteBudget.resume(bytesPerDay, stored.get(), state.poweredOnNanos());
            } catch (DamageException e) {
                Logger.warn("What is left of the day's writing is not known, nothing is: {}", e.getMessage());
                return WriteBudget.empty(bytesPerDay, state.poweredOnNanos());
            }
        }
        return state.lastLsn() == 0
                ? WriteBudget.full(bytesPerDay, state.poweredOnNanos())
                : WriteBudget.empty(bytesPerDay, state.poweredOnNanos());
    }

    /** The least time between the last commit and the next. */
    long intervalNanos(long poweredOnNanos) {
        long nanos = fixedNanos > 0 ? fixedNanos : budget.intervalNanos(poweredOnNanos);
        intervalNanos = nanos;
        return nanos;
    }

    /** Belongs into the commit that is being made, if present. */
    Optional<ControlEntry> toTell() {
        isTold = budget.isStoreDue();
        return isTold ? Optional.of(new ControlEntry.StateSet(STATE_KEY, budget.toStore())) : Optional.empty();
    }

    /** The commit is durable. */
    void committed(long poweredOnNanos) {
        if (isTold) {
            budget.stored();
            isTold = false;
        }
        long now = meter.writtenBytes();
        budget.spend(now - metered, poweredOnNanos);
        metered = now;
        dayBytes = budget.dayBytes();
    }

    /** Thread-safe. */
    LogStatus.Wear wear() {
        return new LogStatus.Wear(
                meter.writtenBytes(), meter.payloadBytes(), dayBytes, bytesPerDay, intervalNanos / 1_000_000);
    }
}
