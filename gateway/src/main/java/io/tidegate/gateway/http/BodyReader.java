package io.tidegate.gateway.http;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamLogException;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Reads one request body as it comes, without a thread that waits for it. Its bytes count against the budget until the
 * request is answered.
 *
 * <p>Confined to one thread at a time: the library calls back when more has come.
 */
final class BodyReader {
    private final Exchange exchange;
    private final long bytesMax;
    private final BodyBudget budget;
    private final Sink sink;
    private final Clock clock;
    private final long deadlineNanos;
    private long bytes;

    /** Takes the body's parts. */
    interface Sink {
        void part(ByteBuffer bytes) throws IOException;

        void end() throws IOException;

        /** The body will not be complete. */
        void broken();
    }

    BodyReader(
            Exchange exchange, long bytesMax, BodyBudget budget, Clock clock, HttpSettings.Limits limits, Sink sink) {
        this.exchange = exchange;
        this.bytesMax = bytesMax;
        this.budget = budget;
        this.sink = sink;
        this.clock = clock;
        this.deadlineNanos = clock.monotonicNanos() + limits.bodyTimeout().toNanos();
    }

    /** A sink that gathers the whole body, then passes it on. */
    static Sink whole(Exchange exchange, Consumer<Payload> then) {
        return new Sink() {
            private final ByteArrayOutputStream gathered = new ByteArrayOutputStream(
                    (int) Math.min(1 << 20, Math.max(256, exchange.request().getLength())));

            @Override
            public void part(ByteBuffer bytes) {
                byte[] copy = new byte[bytes.remaining()];
                bytes.get(copy);
                gathered.writeBytes(copy);
            }

            @Override
            public void end() {
                then.accept(Payload.wrap(gathered.toByteArray()));
            }

            @Override
            public void broken() {}
        };
    }

    /** Starts to read; answers by itself if the body is too large, too slow or broken. */
    void start() {
        if (exchange.request().getLength() > bytesMax) {
            tooLarge();
            return;
        }
        exchange.onComplete(() -> budget.giveBack(bytes));
        read();
    }

    private void read() {
        try {
            while (true) {
                Content.Chunk chunk = exchange.request().read();
                if (chunk == null) {
                    exchange.request().demand(this::read);
                    return;
                }
                if (Content.Chunk.isFailure(chunk)) {
                    broken(chunk.getFailure());
                    return;
                }
                boolean goOn;
                try {
                    goOn = take(chunk);
                } finally {
                    chunk.release();
                }
                if (!goOn) {
                    return;
                }
            }
        } catch (HttpProblemException e) {
            sink.broken();
            exchange.problem(e.status(), e.code(), e.detail());
        } catch (StreamLogException e) {
            sink.broken();
            FrontDoor.answerFor(exchange, e);
        } catch (IOException | RuntimeException e) {
            Logger.error(e, "HTTP request failed while its body was taken");
            sink.broken();
            exchange.problem(500, "internal", "the request failed; the log of the gateway says why");
        }
    }

    /** False: it is over, one way or the other. */
    private boolean take(Content.Chunk chunk) throws IOException {
        int length = chunk.remaining();
        if (bytes + length > bytesMax) {
            sink.broken();
            tooLarge();
            return false;
        }
        if (!budget.take(length)) {
            sink.broken();
            closeAfter();
            exchange.busy(503, "bodies-full", "too many request bodies are under way", 1);
            return false;
        }
        bytes += length;
        if (length > 0) {
            sink.part(chunk.getByteBuffer());
        }
        if (chunk.isLast()) {
            exchange.answersLate();
            sink.end();
            return false;
        }
        if (clock.monotonicNanos() - deadlineNanos > 0) {
            sink.broken();
            tooSlow();
            return false;
        }
        return true;
    }

    private void tooLarge() {
        closeAfter();
        exchange.problem(413, "body-too-large", "a request body holds at most " + bytesMax + " bytes here");
    }

    private void tooSlow() {
        closeAfter();
        exchange.problem(408, "body-too-slow", "the request body did not come in time");
    }

    private void broken(@Nullable Throwable failure) {
        sink.broken();
        if (failure instanceof TimeoutException) {
            tooSlow();
        } else {
            exchange.abort(failure == null ? new EOFException("the body ended early") : failure);
        }
    }

    /** What is left of the body is not read, so the connection cannot carry another request. */
    private void closeAfter() {
        exchange.response().getHeaders().put(HttpHeader.CONNECTION, "close");
    }
}
