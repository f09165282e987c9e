package io.tidegate.adapters;

import io.tidegate.adapters.IngestAnswer.Outcome;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.StreamLog;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What {@code POST /ingest/{path}} does, without a server: one body is one message, the path is matched by the routes
 * {@code http:...}, and the answer comes when the message is durable.
 *
 * <p>Thread-safe; never blocks.
 */
public final class HttpIngest implements AutoCloseable {
    private static final Duration RETRY_WHEN_FULL = Duration.ofSeconds(1);

    /** A message that waits for the log. */
    private record Open(int bytes, Consumer<HttpIngestAnswer> completion) {}

    private final HttpIngestLimits limits;
    private final Ingest<Open> ingest;
    private final AtomicInteger inFlightMessages = new AtomicInteger();
    private final AtomicLong inFlightBytes = new AtomicLong();

    private HttpIngest(HttpIngestLimits limits, Routes routes, StreamLog log) {
        this.limits = limits;
        this.ingest = Ingest.open(routes, log, new ProducerName("http-ingest"), new IngestListener<>() {
            @Override
            public void onAnswers(List<IngestAnswer<Open>> oneCommit) {
                oneCommit.forEach(answer -> finish(answer.token(), answer(answer.outcome())));
            }

            @Override
            public void onWritable() {
                // Nobody waits here: whoever found no room was told to come again.
            }
        });
    }

    /** The streams of the routes must exist. */
    public static HttpIngest open(HttpIngestLimits limits, Routes routes, StreamLog log) {
        return new HttpIngest(limits, routes, log);
    }

    /** A longer body need not be read to its end: the answer to it is {@link HttpIngestAnswer.TooLarge}. */
    public int bodyBytesMax() {
        return limits.bodyBytesMax();
    }

    /**
     * Takes a message. The completion is called once, by the caller before this returns or by the log's writer thread
     * after the commit; it must not block nor throw.
     *
     * @param path what follows {@code /ingest/}, decoded
     * @param sender the name of the token by which the caller is known; null: unknown
     */
    public void submit(String path, @Nullable String sender, Payload body, Consumer<HttpIngestAnswer> completion) {
        if (body.length() > limits.bodyBytesMax()) {
            completion.accept(new HttpIngestAnswer.TooLarge(limits.bodyBytesMax()));
            return;
        }
        Open open = new Open(body.length(), completion);
        int messages = inFlightMessages.incrementAndGet();
        long bytes = inFlightBytes.addAndGet(open.bytes);
        if (messages > limits.inFlightMessagesMax() || bytes > limits.inFlightBytesMax()) {
            finish(open, new HttpIngestAnswer.NotNow("too many messages are under way", RETRY_WHEN_FULL, false));
            return;
        }
        switch (ingest.submit(new IncomingMessage(ChannelKind.HTTP, path, sender, body), open)) {
            case TAKEN -> {
                // The answer follows.
            }
            case DROPPED -> finish(open, new HttpIngestAnswer.Dropped());
            case BUSY -> finish(open, new HttpIngestAnswer.NotNow("the log is behind", RETRY_WHEN_FULL, false));
        }
    }

    public IngestCounts counts() {
        return ingest.counts();
    }

    private void finish(Open open, HttpIngestAnswer answer) {
        inFlightBytes.addAndGet(-open.bytes);
        inFlightMessages.decrementAndGet();
        open.completion.accept(answer);
    }

    private static HttpIngestAnswer answer(Outcome outcome) {
        if (outcome instanceof Outcome.Stored stored) {
            return new HttpIngestAnswer.Accepted(
                    stored.place().shard(),
                    stored.place().sequenceNumber(),
                    stored.place().duplicate());
        }
        if (outcome instanceof Outcome.Received) {
            return new HttpIngestAnswer.Received();
        }
        if (outcome instanceof Outcome.Rejected rejected) {
            return new HttpIngestAnswer.Rejected(rejected.reason());
        }
        if (outcome instanceof Outcome.NotNow notNow) {
            return new HttpIngestAnswer.NotNow(notNow.reason(), notNow.retryAfter(), notNow.throttled());
        }
        return new HttpIngestAnswer.Impossible(((Outcome.Impossible) outcome).reason());
    }

    /** Takes no more messages; those taken are still answered. */
    @Override
    public void close() {
        ingest.close();
    }
}
