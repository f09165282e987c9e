package io.tidegate.gateway.http;

import io.tidegate.core.stream.IsoTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.tinylog.Logger;

/**
 * {@code GET /api/v1/cameras/{camera}/snapshot.jpg}: the latest picture. Pictures are made one after the other on one
 * thread, each once for all who wait for it, so that many viewers leave the other threads free.
 *
 * <p>Thread-safe.
 */
final class Snapshots {
    private static final int WAITING_MAX = 64;

    private final SnapshotSource source;
    private final Executor executor;

    // Guarded by this.
    private final Map<String, List<Exchange>> waiting = new LinkedHashMap<>();
    private int waitingCount;
    private boolean running;

    Snapshots(SnapshotSource source, Executor executor) {
        this.source = source;
        this.executor = executor;
    }

    void handle(Exchange exchange, PathParameters parameters) {
        exchange.answersLate();
        synchronized (this) {
            if (waitingCount == WAITING_MAX) {
                exchange.busy(503, "pictures-busy", "too many pictures are asked for now", 1);
                return;
            }
            waitingCount++;
            waiting.computeIfAbsent(parameters.get("camera"), camera -> new ArrayList<>())
                    .add(exchange);
            if (running) {
                return;
            }
            running = true;
        }
        executor.execute(this::run);
    }

    private void run() {
        while (true) {
            String camera;
            List<Exchange> viewers;
            synchronized (this) {
                if (waiting.isEmpty()) {
                    running = false;
                    return;
                }
                camera = waiting.keySet().iterator().next();
                viewers = waiting.getOrDefault(camera, List.of());
                waiting.remove(camera);
                waitingCount -= viewers.size();
            }
            answer(camera, viewers);
        }
    }

    private void answer(String camera, List<Exchange> viewers) {
        Optional<SnapshotSource.Snapshot> found;
        try {
            found = source.latest(camera);
        } catch (RuntimeException e) {
            Logger.warn(e, "no picture of camera {}", camera);
            viewers.forEach(viewer -> viewer.problem(503, "no-picture", "the picture could not be made"));
            return;
        }
        for (Exchange viewer : viewers) {
            if (found.isEmpty()) {
                viewer.problem(404, "no-picture", "there is no camera '" + camera + "', or no picture of it yet");
            } else {
                viewer.response()
                        .getHeaders()
                        .put("Tidegate-Time", IsoTime.text(found.get().timeMillis()));
                viewer.send(200, "image/jpeg", found.get().jpeg());
            }
        }
    }
}
