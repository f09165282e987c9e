package io.tidegate.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.stream.TimeQuality;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class EffectiveClockTest {
    private static final long BUILD = 1_767_225_600_000L;
    private final FakeClock clock = new FakeClock(0);
    private final AtomicBoolean synced = new AtomicBoolean();
    private final EffectiveClock effective = new EffectiveClock(clock, synced::get, BUILD);

    @Test
    void bootIn1970_countsOnFromTheFloor() {
        clock.advance(Duration.ofSeconds(5));
        assertThat(effective.now()).isEqualTo(new EffectiveClock.Reading(BUILD + 5000, TimeQuality.ESTIMATED));
    }

    @Test
    void synchronisedClock_isBelieved_butNeverBack() {
        synced.set(true);
        clock.setWall(BUILD + 1_000_000);
        assertThat(effective.now()).isEqualTo(new EffectiveClock.Reading(BUILD + 1_000_000, TimeQuality.SYNCED));
        clock.setWall(BUILD);
        assertThat(effective.now().millis()).isEqualTo(BUILD + 1_000_000);
    }

    @Test
    void raisedTime_isTheTimeOfThatMoment_notOfTheOpeningBefore() {
        clock.advance(Duration.ofSeconds(5));
        effective.raiseTo(BUILD + 1_000_000);
        assertThat(effective.now().millis()).isEqualTo(BUILD + 1_000_000);
        clock.advance(Duration.ofSeconds(1));
        assertThat(effective.now().millis()).isEqualTo(BUILD + 1_001_000);
    }

    /** The process stands still between reading the wall clock and reading the monotonic one. */
    @Test
    void pauseWhileTheClocksAreRead_isNotCountedTwice() {
        clock.setWall(BUILD + 1_000_000);
        boolean[] isPausing = {true};
        Clock pausing = new Clock() {
            @Override
            public long wallMillis() {
                long millis = clock.wallMillis();
                if (isPausing[0]) {
                    clock.advance(Duration.ofSeconds(3));
                }
                return millis;
            }

            @Override
            public long monotonicNanos() {
                return clock.monotonicNanos();
            }
        };
        EffectiveClock paused = new EffectiveClock(pausing, () -> true, BUILD);
        assertThat(paused.observe().synchronisedMillis()).isEmpty();
        isPausing[0] = false;
        assertThat(paused.now()).isEqualTo(new EffectiveClock.Reading(BUILD + 1_003_000, TimeQuality.SYNCED));
    }

    @Test
    void clockThatWasSetBack_isNotFollowed_andSaysSo() {
        synced.set(true);
        clock.setWall(BUILD + 1_000_000);
        effective.now();
        clock.setWall(BUILD + 999_000);
        assertThat(effective.now()).isEqualTo(new EffectiveClock.Reading(BUILD + 1_000_000, TimeQuality.SYNCED));
        clock.setWall(BUILD + 998_999);
        assertThat(effective.now()).isEqualTo(new EffectiveClock.Reading(BUILD + 1_000_000, TimeQuality.ESTIMATED));
        assertThat(effective.observe().synchronisedMillis()).hasValue(BUILD + 998_999);
    }

    @Test
    void clockBeforeTheBuild_isNotBelieved_whoeverVouchesForIt() {
        synced.set(true);
        clock.setWall(BUILD - 1);
        assertThat(effective.now()).isEqualTo(new EffectiveClock.Reading(BUILD, TimeQuality.ESTIMATED));
        assertThat(effective.observe().synchronisedMillis()).isEmpty();
    }

    @Test
    void jumpOfAnUnsynchronisedClock_isIgnored() {
        clock.setWall(BUILD + Duration.ofDays(3650).toMillis());
        assertThat(effective.now().millis()).isEqualTo(BUILD);
    }

    @Test
    void readingsEveryMicrosecond_doNotStandStill() {
        for (int i = 0; i < 10_000; i++) {
            clock.advance(Duration.ofNanos(1_000));
            effective.now();
        }
        assertThat(effective.now().millis()).isEqualTo(BUILD + 10);
    }

    @Test
    void raiseTo_holdsForAllThatFollows() {
        effective.raiseTo(BUILD + 77);
        assertThat(effective.now().millis()).isEqualTo(BUILD + 77);
        effective.raiseTo(BUILD);
        assertThat(effective.now().millis()).isEqualTo(BUILD + 77);
    }
}
