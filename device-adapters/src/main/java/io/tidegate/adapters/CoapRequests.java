package io.tidegate.adapters;

import io.tidegate.adapters.IngestAnswer.Outcome;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.StreamLog;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.eclipse.californium.core.coap.CoAP;
import org.eclipse.californium.core.coap.CoAP.ResponseCode;
import org.eclipse.californium.core.coap.MediaTypeRegistry;
import org.eclipse.californium.core.coap.Request;
import org.eclipse.californium.core.coap.Response;
import org.eclipse.californium.core.network.Exchange;
import org.eclipse.californium.core.server.MessageDeliverer;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Answers CoAP requests: a POST or PUT on any path is a reading, answered 2.04 when it is durable and not before. If
 * the commit takes its time, an empty acknowledgement stops the sender's retransmissions and the answer follows
 * (RFC 7252 section 5.2.2).
 *
 * <p>Requests come on the thread {@code coap-protocol}, answers on the log's writer thread, which only enqueues.
 */
final class CoapRequests implements MessageDeliverer, IngestListener<CoapRequests.Open>, AutoCloseable {
    private static final Duration RETRY_WHEN_FULL = Duration.ofSeconds(2);
    private static final int DIAGNOSTIC_CHARS_MAX = 200;

    /** A request that waits for the log. */
    record Open(Exchange exchange, int bytes, @Nullable ScheduledFuture<?> acceptance) {}

    private final CoapLimits limits;
    private final ScheduledExecutorService timer;
    private final Ingest<Open> ingest;
    private final AtomicInteger inFlightMessages = new AtomicInteger();
    private final AtomicLong inFlightBytes = new AtomicLong();
    private final CountDownLatch drained = new CountDownLatch(1);
    private volatile boolean closing;
    private final LongAdder turnedAway = new LongAdder();
    private final LongAdder tooLarge = new LongAdder();
    private final LongAdder otherMethods = new LongAdder();
    private final LongAdder separateResponses = new LongAdder();

    CoapRequests(CoapLimits limits, Routes routes, StreamLog log, ScheduledExecutorService timer) {
        this.limits = limits;
        this.timer = timer;
        this.ingest = Ingest.open(routes, log, new ProducerName("coap"), this);
    }

    @Override
    public void deliverRequest(Exchange exchange) {
        Request request = exchange.getRequest();
        if (request.getCode() != CoAP.Code.POST && request.getCode() != CoAP.Code.PUT) {
            otherMethods.increment();
            respond(exchange, diagnostic(ResponseCode.METHOD_NOT_ALLOWED, "send readings with POST or PUT"));
            return;
        }
        int bytes = request.getPayloadSize();
        if (bytes > limits.bodyBytesMax()) {
            tooLarge.increment();
            Response response =
                    diagnostic(ResponseCode.REQUEST_ENTITY_TOO_LARGE, "at most " + limits.bodyBytesMax() + " bytes");
            response.getOptions().setSize1(limits.bodyBytesMax());
            respond(exchange, response);
            return;
        }
        if (!reserve(bytes)) {
            turnedAway.increment();
            respond(exchange, later("too many readings are under way", RETRY_WHEN_FULL));
            return;
        }
        submit(exchange, request, bytes);
    }

    private void submit(Exchange exchange, Request request, int bytes) {
        byte[] body = request.getPayload();
        IncomingMessage message = new IncomingMessage(
                ChannelKind.COAP,
                String.join("/", request.getOptions().getUriPath()),
                null,
                body == null ? Payload.EMPTY : Payload.wrap(body));
        Open open = new Open(exchange, bytes, request.isConfirmable() ? acceptLater(exchange) : null);
        switch (ingest.submit(message, open)) {
            case TAKEN -> {
                // The answer follows.
            }
            case DROPPED -> finish(open, new Response(ResponseCode.CHANGED));
            case BUSY -> {
                turnedAway.increment();
                finish(open, later("the log is behind", RETRY_WHEN_FULL));
            }
        }
    }

    private ScheduledFuture<?> acceptLater(Exchange exchange) {
        return timer.schedule(
                // On the exchange's own thread, as the response: whichever comes first decides.
                () -> exchange.execute(() -> {
                    if (exchange.getCurrentResponse() == null) {
                        separateResponses.increment();
                        exchange.sendAccept();
                    }
                }),
                limits.acceptAfter().toMillis(),
                TimeUnit.MILLISECONDS);
    }

    @Override
    public void onAnswers(List<IngestAnswer<Open>> oneCommit) {
        for (IngestAnswer<Open> answer : oneCommit) {
            finish(answer.token(), response(answer.outcome()));
        }
    }

    @Override
    public void onWritable() {
        // Nobody waits here: whoever found no room was told to come again.
    }

    private static Response response(Outcome outcome) {
        if (outcome instanceof Outcome.NotNow notNow) {
            // 4.29 with Max-Age: RFC 8516.
            ResponseCode code = notNow.throttled() ? ResponseCode.TOO_MANY_REQUESTS : ResponseCode.SERVICE_UNAVAILABLE;
            return later(code, notNow.reason(), notNow.retryAfter());
        }
        if (outcome instanceof Outcome.Impossible impossible) {
            return diagnostic(ResponseCode.BAD_REQUEST, impossible.reason());
        }
        Response changed = new Response(ResponseCode.CHANGED);
        if (outcome instanceof Outcome.Rejected rejected) {
            changed.setPayload(bounded("stored in _rejected: " + rejected.reason()));
            changed.getOptions().setContentFormat(MediaTypeRegistry.TEXT_PLAIN);
        }
        return changed;
    }

    private static Response later(String reason, Duration retryAfter) {
        return later(ResponseCode.SERVICE_UNAVAILABLE, reason, retryAfter);
    }

    private static Response later(ResponseCode code, String reason, Duration retryAfter) {
        Response response = diagnostic(code, reason);
        response.getOptions().setMaxAge(Math.max(1, (retryAfter.toMillis() + 999) / 1_000));
        return response;
    }

    /** A diagnostic payload has no content format (RFC 7252 section 5.5.2). */
    private static Response diagnostic(ResponseCode code, String reason) {
        Response response = new Response(code);
        response.setPayload(bounded(reason));
        return response;
    }

    private static byte[] bounded(String text) {
        String shown = text.length() <= DIAGNOSTIC_CHARS_MAX ? text : text.substring(0, DIAGNOSTIC_CHARS_MAX);
        return shown.getBytes(StandardCharsets.UTF_8);
    }

    private void finish(Open open, Response response) {
        if (open.acceptance != null) {
            open.acceptance.cancel(false);
        }
        respond(open.exchange, response);
        release(open.bytes);
    }

    private static void respond(Exchange exchange, Response response) {
        try {
            exchange.sendResponse(response);
        } catch (RejectedExecutionException e) {
            // The server has been closed meanwhile; the sender hears nothing and sends again.
            response.cancel();
        }
    }

    private boolean reserve(int bytes) {
        int messages = inFlightMessages.incrementAndGet();
        long all = inFlightBytes.addAndGet(bytes);
        if (messages > limits.inFlightMessagesMax() || all > limits.inFlightBytesMax()) {
            release(bytes);
            return false;
        }
        return true;
    }

    private void release(int bytes) {
        inFlightBytes.addAndGet(-bytes);
        if (inFlightMessages.decrementAndGet() == 0 && closing) {
            drained.countDown();
        }
    }

    /** Returns when everything taken is answered, at the latest after this time. */
    void awaitAnswers(Duration atMost) throws InterruptedException {
        closing = true;
        if (inFlightMessages.get() > 0 && !drained.await(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
            Logger.info("CoAP server closes while {} readings wait for the log", inFlightMessages.get());
        }
    }

    int underWay() {
        return inFlightMessages.get();
    }

    CoapListenerStats stats(long datagramsDropped) {
        return new CoapListenerStats(
                ingest.counts(),
                turnedAway.sum(),
                tooLarge.sum(),
                otherMethods.sum(),
                separateResponses.sum(),
                datagramsDropped,
                underWay());
    }

    /** We send no requests. */
    @Override
    public void deliverResponse(Exchange exchange, Response response) {
        response.cancel();
    }

    @Override
    public void close() {
        ingest.close();
    }
}
