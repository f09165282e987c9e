package io.tidegate.uplink;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.FakeClock;
import java.net.ConnectException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class PendingCallTest {
    private static String reasonOf(Throwable failure) {
        PendingCall call = new PendingCall(new FakeClock(0), Duration.ofSeconds(1), () -> {});
        call.begin(CompletableFuture.failedFuture(new CompletionException(failure)));
        return ((Answer.TryLater) call.poll().orElseThrow()).detail();
    }

    @Test
    void largeObject_getsTheTimeThatASlowLinkNeeds() {
        FakeClock clock = new FakeClock(0);
        PendingCall call = new PendingCall(clock, Duration.ofSeconds(60), () -> {});
        // 2,000,000 bytes at 64 kbit/s are 250 seconds.
        call.begin(new CompletableFuture<>(), 2_000_000);
        clock.advance(Duration.ofSeconds(309));
        assertThat(call.poll()).isEmpty();
        clock.advance(Duration.ofSeconds(2));
        assertThat(call.poll()).isPresent();
        call.begin(new CompletableFuture<>());
        clock.advance(Duration.ofSeconds(61));
        assertThat(call.poll()).isPresent();
    }

    @Test
    void connection_thatFails_isToldInWords() {
        assertThat(reasonOf(new ConnectException()))
                .startsWith("no connection to the destination")
                .doesNotContain("java.");
        ConnectException unknown = new ConnectException();
        unknown.initCause(new UnresolvedAddressException());
        assertThat(reasonOf(unknown)).contains("host is not known");
    }
}
