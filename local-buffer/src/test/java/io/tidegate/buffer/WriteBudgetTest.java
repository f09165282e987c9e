package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

/** Days in simulated time; every commit costs what the test says. */
class WriteBudgetTest {
    private static final long GB = 1_000_000_000;
    private static final long BUDGET = 10 * GB;
    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final long MILLI = SECOND / 1000;
    private static final long DAY = Duration.ofDays(1).toNanos();
    private static final long INTERVAL_MAX = 250 * MILLI;
    /** What a commit costs with little in it, and what the log writes for each byte of a record. */
    private static final long COMMIT_BYTES = 12 << 10;

    private static final int BYTES_PER_BYTE = 2;

    /** One simulated run: records arrive, commits follow as the budget says. */
    private static final class Day {
        WriteBudget budget;
        long now;
        long committedNanos = -DAY;
        long fsyncNanos = 5 * MILLI;
        /** Times and bytes of the commits of the last 24 hours. */
        final Deque<long[]> window = new ArrayDeque<>();

        long windowBytes;
        long windowBytesMax;
        long commits;
        long waitMax;
        double waitSum;

        Day(WriteBudget budget) {
            this.budget = budget;
        }

        /** What arrives in the wait goes into the commit; {@code bytesPerSecond} by time. */
        void run(long untilNanos, LongUnaryOperator bytesPerSecond) {
            while (now < untilNanos) {
                long rate = bytesPerSecond.applyAsLong(now);
                if (rate == 0) {
                    now += SECOND;
                    continue;
                }
                // A record of 200 bytes has arrived now; it waits for the interval.
                long interval = budget.intervalNanos(now);
                assertThat(interval).isBetween(0L, INTERVAL_MAX);
                long at = Math.max(now, committedNanos + interval);
                long gathered = 200 + (at - Math.max(now, committedNanos)) / MILLI * rate / 1000;
                commit(at, COMMIT_BYTES + BYTES_PER_BYTE * gathered);
                waitMax = Math.max(waitMax, at - now);
                waitSum += at - now;
                now = at + Math.max(fsyncNanos, 200 * SECOND / rate);
            }
        }

        private void commit(long at, long bytes) {
            budget.spend(bytes, at);
            committedNanos = at;
            commits++;
            window.add(new long[] {at, bytes});
            windowBytes += bytes;
            while (window.getFirst()[0] <= at - DAY) {
                windowBytes -= window.removeFirst()[1];
            }
            windowBytesMax = Math.max(windowBytesMax, windowBytes);
        }
    }

    /** 100 readings of 200 bytes a second: at once that would be 100 commits of 12 KiB, more than 100 GB a day. */
    @Test
    void steadyLoad_keepsTheDaysBudget_andUsesMostOfIt() {
        Day day = new Day(WriteBudget.full(BUDGET, 0));
        day.run(DAY, time -> 20_000);
        assertThat(day.windowBytesMax).isBetween(BUDGET * 9 / 10, BUDGET);
        // What the budget allows: (10 GB - 2 * 1.7 GB) / 12 KiB is about 530,000 commits, one in 160 ms.
        assertThat(day.waitSum / day.commits / MILLI).isCloseTo(155, within(20.0));
    }

    @Test
    void loadsOfManyShapes_keepTheBudgetInAny24Hours_andNeverWaitLongerThanTheMost() {
        List<LongUnaryOperator> shapes = List.of(
                // at work in the day, quiet at night
                time -> time % DAY < DAY / 3 ? 30_000 : 200,
                // a burst of a minute in each hour
                time -> time % Duration.ofHours(1).toNanos() < 60 * SECOND ? 100_000 : 1_000,
                // nothing for hours, then all at once
                time -> time % (DAY / 4) < DAY / 5 ? 0 : 40_000,
                // more and more
                time -> 1_000 + time / (DAY / 10_000));
        for (int i = 0; i < shapes.size(); i++) {
            Day day = new Day(WriteBudget.full(BUDGET, 0));
            day.run(2 * DAY, shapes.get(i));
            assertThat(day.windowBytesMax).as("shape " + i).isLessThanOrEqualTo(BUDGET);
            assertThat(day.waitMax).as("shape " + i).isLessThanOrEqualTo(INTERVAL_MAX);
        }
    }

    @Test
    void littleLoad_neverWaits() {
        Day day = new Day(WriteBudget.full(BUDGET, 0));
        day.run(2 * DAY, time -> 1_000); // five readings a second: 5.3 GB a day
        assertThat(day.waitMax).isZero();
    }

    @Test
    void moreThanEvenTheLongestWaitCanSpare_isWrittenAllTheSame_andTheWaitStaysTheLongest() {
        Day day = new Day(WriteBudget.full(BUDGET, 0));
        day.run(DAY / 4, time -> 10_000_000);
        assertThat(day.waitMax).isLessThanOrEqualTo(INTERVAL_MAX);
        assertThat(day.budget.intervalNanos(day.now)).isEqualTo(INTERVAL_MAX);
        // A day later, at the latest, what was written without leave is made up for.
        assertThat(day.budget.intervalNanos(day.now + 2 * DAY)).isZero();
    }

    /** A record that comes when nothing else does is never late, whatever has been written. */
    @Test
    void singleRecord_onAnIdleLog_isCommittedAtOnce_evenWithNothingLeft() {
        Day day = new Day(WriteBudget.empty(BUDGET, 0));
        day.run(60 * SECOND, time -> time % (10 * SECOND) == 0 ? 20 : 0);
        assertThat(day.commits).isPositive();
        assertThat(day.waitMax).isZero();
    }

    /** Killed every few minutes, for a day: what was spent before a crash is not given out again after it. */
    @Test
    void crashes_neverFillTheBucket() {
        Random random = new Random(11);
        Day day = new Day(WriteBudget.full(BUDGET, 0));
        List<io.tidegate.core.stream.Payload> durable = new ArrayList<>();
        while (day.now < DAY) {
            long until = day.now + (1 + random.nextInt(600)) * SECOND;
            while (day.now < until) {
                if (day.budget.isStoreDue()) {
                    durable.add(day.budget.toStore());
                    day.budget.stored();
                }
                day.run(day.now + 1, time -> 20_000);
            }
            if (!durable.isEmpty()) {
                day.budget = WriteBudget.resume(BUDGET, durable.get(durable.size() - 1), day.now);
            }
        }
        assertThat(day.windowBytesMax).isLessThanOrEqualTo(BUDGET);
    }

    @Test
    void fixedInterval_andNoBudget_waitAsTheyAreTold() {
        WriteBudget none = WriteBudget.full(0, 0);
        none.spend(1000 * GB, SECOND);
        assertThat(none.intervalNanos(2 * SECOND)).isZero();
        assertThat(none.dayBytes()).isEqualTo(1000 * GB);
        none.spend(5, DAY + SECOND);
        assertThat(none.dayBytes()).isEqualTo(5);
        CommitPace fixed =
                new CommitPace(new CommitInterval.Fixed(Duration.ofMillis(40)), new WriteMeter(), new LogState());
        assertThat(fixed.intervalNanos(0)).isEqualTo(40 * MILLI);
        assertThat(fixed.wear().commitIntervalMillis()).isEqualTo(40);
        assertThat(fixed.wear().budgetBytesPerDay()).isZero();
    }
}
