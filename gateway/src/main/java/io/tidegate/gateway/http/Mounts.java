package io.tidegate.gateway.http;

import static java.util.Objects.requireNonNull;

import io.tidegate.core.stream.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/** Where requests go on to other modules: {@code /ingest/} and {@code /sync/v1/}. Thread-safe. */
final class Mounts {
    private final HttpParts parts;
    private final HttpSettings.Limits limits;
    private final BodyBudget budget;
    private final Executor executor;
    /** Media is written through, not gathered: it needs no share of the memory. */
    private final BodyBudget unbounded = new BodyBudget(Long.MAX_VALUE / 2);

    Mounts(HttpParts parts, HttpSettings.Limits limits, BodyBudget budget, Executor executor) {
        this.parts = parts;
        this.limits = limits;
        this.budget = budget;
        this.executor = executor;
    }

    void ingest(Exchange exchange, PathParameters parameters) {
        IngestPort port = requireNonNull(parts.ingest());
        PortRequest request = exchange.forPort(parameters.get("path"));
        read(exchange, body -> port.ingest(request, body));
    }

    void sync(Exchange exchange, PathParameters parameters) {
        SyncPort port = requireNonNull(parts.sync());
        PortRequest request = exchange.forPort(parameters.get("path"));
        if (request.method().equals("GET")) {
            answer(exchange, port.exchange(request, Payload.EMPTY));
        } else {
            read(exchange, body -> port.exchange(request, body));
        }
    }

    void media(Exchange exchange, PathParameters parameters) {
        SyncPort port = requireNonNull(parts.sync());
        SyncPort.Upload upload;
        try {
            upload = port.media(exchange.forPort(parameters.get("path")));
        } catch (SyncPort.Declined e) {
            exchange.response().getHeaders().put("Connection", "close");
            exchange.answer(e.answer());
            return;
        }
        new BodyReader(exchange, Long.MAX_VALUE / 2, unbounded, parts.clock(), limits, into(upload, exchange)).start();
    }

    private void read(Exchange exchange, Function<Payload, CompletableFuture<PortAnswer>> then) {
        BodyReader.Sink sink = BodyReader.whole(exchange, body -> answer(exchange, then.apply(body)));
        new BodyReader(exchange, limits.bodyBytesMax(), budget, parts.clock(), limits, sink).start();
    }

    private void answer(Exchange exchange, CompletableFuture<PortAnswer> future) {
        exchange.answersLate();
        // Not on the thread that completes it: that may be the log's writer, which must not wait for a socket.
        var unused = future.handleAsync((answer, failure) -> send(exchange, answer, failure), executor);
    }

    private static boolean send(Exchange exchange, @Nullable PortAnswer answer, @Nullable Throwable failure) {
        if (answer != null) {
            exchange.answer(answer);
        } else {
            Logger.error(failure, "a mounted request failed");
            exchange.problem(500, "internal", "the request failed; the log of the gateway says why");
        }
        return answer != null;
    }

    private static BodyReader.Sink into(SyncPort.Upload upload, Exchange exchange) {
        return new BodyReader.Sink() {
            @Override
            public void part(ByteBuffer bytes) throws IOException {
                upload.write(bytes);
            }

            @Override
            public void end() throws IOException {
                try (upload) {
                    exchange.answer(upload.finish());
                }
            }

            @Override
            public void broken() {
                try {
                    upload.close();
                } catch (IOException e) {
                    Logger.warn(e, "a broken upload could not be dropped");
                }
            }
        };
    }
}
