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
    void connection_thatFails_isToldInWords() {
        assertThat(reasonOf(new ConnectException()))
                .startsWith("no connection to the destination")
                .doesNotContain("java.");
        ConnectException unknown = new ConnectException();
        unknown.initCause(new UnresolvedAddressException());
        assertThat(reasonOf(unknown)).contains("host is not known");
    }
}
