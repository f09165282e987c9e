package io.tidegate.gateway.http;

import io.tidegate.core.stream.IsoTime;
import org.tinylog.Logger;

/** {@code GET /api/v1/cameras/{camera}/snapshot.jpg}: the latest picture. Thread-safe. */
final class Snapshots {
    private final SnapshotSource source;

    Snapshots(SnapshotSource source) {
        this.source = source;
    }

    void handle(Exchange exchange, PathParameters parameters) {
        String camera = parameters.get("camera");
        exchange.answersLate();
        var unused = source.latest(camera).whenComplete((found, failure) -> {
            if (failure != null) {
                Logger.warn(failure, "no picture of camera {}", camera);
                exchange.problem(503, "no-picture", "the picture of '" + camera + "' could not be made");
            } else if (found.isEmpty()) {
                exchange.problem(404, "no-picture", "there is no camera '" + camera + "', or no picture of it yet");
            } else {
                exchange.response()
                        .getHeaders()
                        .put("Tidegate-Time", IsoTime.text(found.get().timeMillis()));
                exchange.send(200, "image/jpeg", found.get().jpeg());
            }
        });
    }
}
