package io.tidegate.gateway.http;

import static java.util.Objects.requireNonNull;

import io.tidegate.core.stream.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.tinylog.Logger;

/** Where requests go on to other modules: {@code /ingest/} and {@code /sync/v1/}. Thread-safe. */
final class Mounts {
    private final HttpParts parts;
    private final HttpSettings.Limits limits;
    private final BodyBudget budget;
    /** Media is written through, not gathered: it needs no share of the memory. */
    private final BodyBudget unbounded = new BodyBudget(Long.MAX_VALUE / 2);

    Mounts(HttpParts parts, HttpSettings.Limits limits, BodyBudget budget) {
        this.parts = parts;
        this.limits = limits;
        this.budget = budget;
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

    private void read(Exchange exchange, java.util.function.Function<Payload, CompletableFuture<PortAnswer>> then) {
        BodyReader.Sink sink = BodyReader.whole(exchange, body -> answer(exchange, then.apply(body)));
        new BodyReader(exchange, limits.bodyBytesMax(), budget, parts.clock(), limits, sink).start();
    }

    private static void answer(Exchange exchange, CompletableFuture<PortAnswer> future) {
        exchange.answersLate();
        CompletableFuture<PortAnswer> unused = future.whenComplete((answer, failure) -> {
            if (failure == null) {
                exchange.answer(answer);
            } else {
                Logger.error(failure, "a mounted request failed");
                exchange.problem(500, "internal", "the request failed; the log of the gateway says why");
            }
        });
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
