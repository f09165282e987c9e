package io.tidegate.gateway;

import io.tidegate.adapters.AdapterException;
import io.tidegate.adapters.Routes;
import io.tidegate.analytics.RuleException;
import io.tidegate.buffer.ShardLog;
import io.tidegate.capture.VideoStore;
import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.Closer;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.MemoryPlan;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Map;
import java.util.Optional;
import org.tinylog.Logger;

/**
 * A running gateway, wired in the order in which data flows: log, uplinks, rules, cameras, adapters, HTTP. Inputs start
 * last and stop first; everything is closed in reverse.
 *
 * <p>Thread-safe once started; closed once.
 */
final class Gateway implements Service {
    /** No time before it is believed: 2026-01-01T00:00:00Z. */
    static final long BUILD_MILLIS = 1_767_225_600_000L;

    private final StatusBoard board;
    private final Closer closer;

    private Gateway(StatusBoard board, Closer closer) {
        this.board = board;
        this.closer = closer;
    }

    /** Throws CommandFailure with a sentence for the user if it cannot start; nothing runs then. */
    static Gateway start(Path directory, GatewayConfig config) {
        Closer closer = new Closer();
        try {
            Clock clock = new SystemClock();
            SecureRandom random = new SecureRandom();
            ClockSync sync = config.clockTrusted() ? ClockSync.TRUSTED : ClockSync.ofSystem(clock);
            MemoryPlan memory = MemoryPlan.ofHeap(Runtime.getRuntime().maxMemory());
            StatusBoard board = new StatusBoard("gateway", clock);
            GatewayHome home = closer.add(GatewayHome.open(directory, random));
            Parts parts = new Parts(config, home, clock, sync, memory, random, board, closer);

            EffectiveClock time = new EffectiveClock(clock, sync, BUILD_MILLIS);
            ShardLog log = parts.log(time);
            parts.streams(log);
            Optional<VideoStore> video = parts.video(log);
            parts.disk(log, video);
            new UplinkParts(parts).start(log, video);
            parts.rules(log);
            parts.cameras(video, time);
            Routes routes = Routes.of(config.routes(), clock, sync);
            parts.adapters(log, routes);
            parts.http(log, routes, video);

            if (!sync.isSynchronised()) {
                Logger.warn(
                        "The clock is not synchronised: times in the log count on from the last known one and may"
                                + " be far behind. If it can be believed without systemd-timesyncd or chrony, set gateway.clock: trusted");
            }
            home.publishPorts(board.ports());
            Logger.info("Gateway {} has started on {}", home.gatewayId(), board.ports());
            return new Gateway(board, closer);
        } catch (AdapterException | RuleException | StreamLogException | IOException | IllegalArgumentException e) {
            throw closing(closer, CommandFailure.usage(String.valueOf(e.getMessage())));
        } catch (CommandFailure e) {
            throw closing(closer, e);
        }
    }

    static CommandFailure closing(Closer closer, CommandFailure failure) {
        try {
            closer.close();
        } catch (Exception e) {
            failure.addSuppressed(e);
        }
        return failure;
    }

    @Override
    public Map<String, Integer> ports() {
        return board.ports();
    }

    @Override
    public String role() {
        return "gateway";
    }

    @Override
    public void close() throws Exception {
        closer.close();
        Logger.info("Gateway has stopped");
    }
}
