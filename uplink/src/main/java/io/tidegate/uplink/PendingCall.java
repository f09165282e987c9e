package io.tidegate.uplink;

import io.tidegate.core.runtime.Clock;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * The one call of a lane to its destination that may be under way, and how long it may take.
 *
 * <p>Confined to the uplink's thread.
 */
final class PendingCall {
    /** 64 kbit/s: what is slower than that does not get large objects through. */
    private static final int SLOWEST_BYTES_PER_MILLI = 8;

    private final Clock clock;
    private final Duration timeout;
    private final Runnable wake;
    private @Nullable CompletableFuture<Answer> future;
    private Duration allowed;
    private long deadlineNanos;

    PendingCall(Clock clock, Duration timeout, Runnable wake) {
        this.clock = clock;
        this.timeout = timeout;
        this.allowed = timeout;
        this.wake = wake;
    }

    void begin(CompletableFuture<Answer> call) {
        begin(call, 0);
    }

    /** The same for a call that carries many bytes: a slow link gets the time that they need. */
    void begin(CompletableFuture<Answer> call, long bytes) {
        allowed = timeout.plusMillis(bytes / SLOWEST_BYTES_PER_MILLI);
        deadlineNanos = clock.monotonicNanos() + allowed.toNanos();
        future = call;
        CompletableFuture<Answer> unused = call.whenComplete((answer, failure) -> wake.run());
    }

    /** The answer, once there is one; a failure and the end of the time are answers too. */
    Optional<Answer> poll() {
        CompletableFuture<Answer> call = future;
        if (call == null) {
            return Optional.of(Answer.TryLater.soon("there was no call to wait for"));
        }
        if (call.isDone()) {
            future = null;
            return Optional.of(outcome(call));
        }
        if (clock.monotonicNanos() - deadlineNanos < 0) {
            return Optional.empty();
        }
        cancel();
        return Optional.of(Answer.TryLater.soon("no answer within " + allowed.toMillis() + " ms"));
    }

    private static Answer outcome(CompletableFuture<Answer> call) {
        try {
            return call.join();
        } catch (CompletionException e) {
            return Answer.TryLater.soon(reason(e.getCause()));
        }
    }

    /** In words for the status: the HTTP client's failures to connect have no message. */
    private static String reason(@Nullable Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof UnresolvedAddressException || each instanceof UnknownHostException) {
                return "the name of the destination's host is not known; is there a network, is the URL right?";
            }
        }
        if (failure instanceof ConnectException) {
            String message = failure.getMessage();
            return "no connection to the destination: "
                    + (message == null ? "nobody listens there, or no way leads there" : message);
        }
        return String.valueOf(failure);
    }

    void cancel() {
        CompletableFuture<Answer> call = future;
        future = null;
        if (call != null) {
            call.cancel(true);
        }
    }
}
