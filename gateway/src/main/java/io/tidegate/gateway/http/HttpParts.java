package io.tidegate.gateway.http;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.tidegate.core.runtime.Clock;
import io.tidegate.core.stream.MediaSource;
import io.tidegate.core.stream.StreamLog;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the HTTP server serves.
 *
 * @param sync null: {@code /sync/v1} does not exist here
 * @param metrics where other parts may register metrics of their own; the server adds its own
 */
public record HttpParts(
        StreamLog log,
        Clock clock,
        StatusSource status,
        SnapshotSource snapshots,
        MediaSource media,
        @Nullable IngestPort ingest,
        @Nullable SyncPort sync,
        PrometheusRegistry metrics) {

    /** A log and nothing else: no pictures, no media, no ingest, no receiving end. */
    public static HttpParts of(StreamLog log, Clock clock, StatusSource status) {
        return new HttpParts(
                log,
                clock,
                status,
                camera -> Optional.empty(),
                id -> Optional.empty(),
                null,
                null,
                new PrometheusRegistry());
    }

    public HttpParts withSnapshots(SnapshotSource changed) {
        return new HttpParts(log, clock, status, changed, media, ingest, sync, metrics);
    }

    public HttpParts withMedia(MediaSource changed) {
        return new HttpParts(log, clock, status, snapshots, changed, ingest, sync, metrics);
    }

    public HttpParts withIngest(IngestPort changed) {
        return new HttpParts(log, clock, status, snapshots, media, changed, sync, metrics);
    }

    public HttpParts withSync(SyncPort changed) {
        return new HttpParts(log, clock, status, snapshots, media, ingest, changed, metrics);
    }

    public HttpParts withMetrics(PrometheusRegistry changed) {
        return new HttpParts(log, clock, status, snapshots, media, ingest, sync, changed);
    }
}
