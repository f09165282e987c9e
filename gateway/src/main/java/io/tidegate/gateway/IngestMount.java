package io.tidegate.gateway;

import io.tidegate.adapters.HttpIngest;
import io.tidegate.adapters.HttpIngestAnswer;
import io.tidegate.core.stream.Payload;
import io.tidegate.gateway.http.IngestPort;
import io.tidegate.gateway.http.PortAnswer;
import io.tidegate.gateway.http.PortRequest;
import java.util.concurrent.CompletableFuture;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Puts HTTP ingest behind the HTTP server: {@code POST /ingest/PATH}. Thread-safe, as ingest is. */
final class IngestMount implements IngestPort {
    private final HttpIngest ingest;

    IngestMount(HttpIngest ingest) {
        this.ingest = ingest;
    }

    @Override
    public CompletableFuture<PortAnswer> ingest(PortRequest request, Payload body) {
        CompletableFuture<PortAnswer> future = new CompletableFuture<>();
        ingest.submit(request.path(), request.user(), body, answer -> future.complete(answer(answer)));
        return future;
    }

    private static PortAnswer answer(HttpIngestAnswer answer) {
        ObjectNode json = JsonMapper.shared().createObjectNode();
        if (answer instanceof HttpIngestAnswer.Accepted accepted) {
            json.put("shardId", accepted.shard().name())
                    .put("sequenceNumber", Long.toString(accepted.sequenceNumber()))
                    .put("duplicate", accepted.duplicate());
            return PortAnswer.json(200, json.toString());
        } else if (answer instanceof HttpIngestAnswer.Received) {
            return PortAnswer.json(202, json.put("received", true).toString());
        } else if (answer instanceof HttpIngestAnswer.Rejected rejected) {
            return PortAnswer.json(200, json.put("rejected", rejected.reason()).toString());
        } else if (answer instanceof HttpIngestAnswer.Dropped) {
            return PortAnswer.json(200, json.put("dropped", true).toString());
        } else if (answer instanceof HttpIngestAnswer.NotNow later) {
            long seconds = Math.max(1, (later.retryAfter().toMillis() + 999) / 1000);
            PortAnswer problem = later.throttled()
                    ? PortAnswer.problem(429, "throughput-exceeded", later.reason())
                    : PortAnswer.problem(503, "log-busy", later.reason());
            return problem.withHeader("Retry-After", Long.toString(seconds));
        } else if (answer instanceof HttpIngestAnswer.TooLarge large) {
            return PortAnswer.problem(413, "body-too-large", "a message holds at most " + large.bytesMax() + " bytes");
        } else {
            HttpIngestAnswer.Impossible impossible = (HttpIngestAnswer.Impossible) answer;
            return PortAnswer.problem(422, "not-storable", impossible.reason());
        }
    }
}
