package io.tidegate.gateway;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.DiskBudget;
import io.tidegate.gateway.http.GatewayStatus;
import io.tidegate.gateway.http.StatusSource;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Collects how the parts are, as they are started. Thread-safe. */
final class StatusBoard implements StatusSource {
    private final String role;
    private final Clock clock;
    private final long startedNanos;
    private final Map<String, Integer> ports = new ConcurrentHashMap<>();
    private final List<Supplier<GatewayStatus.Adapter>> adapters = new CopyOnWriteArrayList<>();
    private final List<Supplier<GatewayStatus.Uplink>> uplinks = new CopyOnWriteArrayList<>();
    private final List<Supplier<GatewayStatus.Camera>> cameras = new CopyOnWriteArrayList<>();
    private final List<Supplier<GatewayStatus.Rule>> rules = new CopyOnWriteArrayList<>();

    private volatile @Nullable Supplier<DiskBudget.Status> disk;

    StatusBoard(String role, Clock clock) {
        this.role = role;
        this.clock = clock;
        this.startedNanos = clock.monotonicNanos();
    }

    void port(String listener, int port) {
        ports.put(listener, port);
    }

    Map<String, Integer> ports() {
        return new TreeMap<>(ports);
    }

    void disk(Supplier<DiskBudget.Status> status) {
        disk = status;
    }

    void adapter(Supplier<GatewayStatus.Adapter> adapter) {
        adapters.add(adapter);
    }

    void uplink(Supplier<GatewayStatus.Uplink> uplink) {
        uplinks.add(uplink);
    }

    void camera(Supplier<GatewayStatus.Camera> camera) {
        cameras.add(camera);
    }

    void rule(Supplier<GatewayStatus.Rule> rule) {
        rules.add(rule);
    }

    @Override
    public Optional<DiskBudget.Status> disk() {
        Supplier<DiskBudget.Status> known = disk;
        return known == null ? Optional.empty() : Optional.of(known.get());
    }

    @Override
    public GatewayStatus status() {
        return new GatewayStatus(
                Version.text(),
                role,
                Duration.ofNanos(clock.monotonicNanos() - startedNanos),
                ports,
                adapters.stream().map(Supplier::get).toList(),
                uplinks.stream().map(Supplier::get).toList(),
                cameras.stream().map(Supplier::get).toList(),
                rules.stream().map(Supplier::get).toList());
    }
}
