package io.tidegate.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Back-off, closer, memory plan and sizes. */
class RuntimeValuesTest {
    @Test
    void backoff_staysBelowALimitThatDoubles_andStartsAgainAfterASuccess() {
        Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(1), new Random(7));
        long[] limits = {100, 200, 400, 800, 1000, 1000, 1000};
        for (long limit : limits) {
            assertThat(backoff.next().toMillis()).isBetween(1L, limit);
        }
        assertThat(backoff.failures()).isEqualTo(limits.length);
        backoff.succeeded();
        assertThat(backoff.next().toMillis()).isBetween(1L, 100L);
    }

    @Test
    void backoff_usesTheWholeRange() {
        Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofMillis(100), new Random(7));
        long low = 0;
        for (int i = 0; i < 1000; i++) {
            low += backoff.next().toMillis() <= 50 ? 1 : 0;
        }
        // Half of 1,000 draws, give or take six standard deviations of 15.8.
        assertThat(low).isBetween(405L, 595L);
    }

    @Test
    void closer_closesInReverse_andKeepsTheFirstFailure() {
        List<String> order = new ArrayList<>();
        Closer closer = new Closer();
        closer.add(() -> order.add("log"));
        closer.add(() -> {
            order.add("uplink");
            throw new IllegalStateException("second");
        });
        closer.add(() -> {
            order.add("http");
            throw new IllegalStateException("first");
        });
        assertThatThrownBy(closer::close).hasMessage("first").satisfies(e -> assertThat(e.getSuppressed())
                .singleElement()
                .satisfies(suppressed -> assertThat(suppressed).hasMessage("second")));
        assertThat(order).containsExactly("http", "uplink", "log");
        assertThat(closer).satisfies(Closer::close);
        assertThat(order).hasSize(3);
    }

    @ParameterizedTest
    @ValueSource(longs = {48L << 20, 96L << 20, 1L << 30})
    void memoryPlan_leavesHalfOfTheHeap(long heapBytes) {
        assertThat(MemoryPlan.ofHeap(heapBytes).totalBytes()).isLessThanOrEqualTo(heapBytes / 2);
    }

    @Test
    void memoryPlan_refusesATinyHeap() {
        assertThatThrownBy(() -> MemoryPlan.ofHeap(16L << 20)).hasMessageContaining("32 MiB");
    }

    @ParameterizedTest
    @CsvSource({"0,0", "512,512", "64KiB,65536", "32MiB,33554432", "8GiB,8589934592", "10GB,10000000000", "3kB,3000"})
    void size_isReadAsWritten(String text, long bytes) {
        assertThat(DataSize.parse(text).bytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "1.5MiB", "32 MiB", "32mib", "9999999999999TiB", "MiB"})
    void size_thatIsNone_isRefusedWithWhatWasFound(String text) {
        assertThatThrownBy(() -> DataSize.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "'");
    }

    @Test
    void size_isWrittenInTheLargestWholeUnit() {
        assertThat(new DataSize(32L << 20)).hasToString("32MiB");
        assertThat(new DataSize(1500)).hasToString("1500B");
    }
}
