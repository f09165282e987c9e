package io.tidegate.gateway;

import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.MediaSource;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamSelection;
import io.tidegate.gateway.http.GatewayStatus;
import io.tidegate.gateway.http.PartState;
import io.tidegate.uplink.LaneStatus;
import io.tidegate.uplink.Uplink;
import io.tidegate.uplink.UplinkSettings;
import io.tidegate.uplink.UplinkStatus;
import io.tidegate.uplink.http.HttpDestination;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Starts the uplinks of a configuration. Confined to the thread that starts. */
record UplinkParts(Parts parts) {
    void start(StreamLog log, Optional<? extends MediaSource> video) {
        Map<ConsumerName, StreamSelection> required = new HashMap<>();
        parts.config().uplinks().stream()
                .filter(GatewayConfig.UplinkEntry::required)
                .map(GatewayConfig.UplinkEntry::settings)
                .forEach(uplink -> required.put(uplink.consumer(), uplink.selection()));
        log.admin().require(required);
        for (GatewayConfig.UplinkEntry entry : parts.config().uplinks()) {
            Optional<MediaSource> media = entry.media() ? video.map(source -> source) : Optional.empty();
            Uplink uplink = parts.closer()
                    .add(Uplink.start(
                            withinMemory(entry.settings()),
                            HttpDestination.opener(
                                    entry.destination(), parts.home().gatewayId()),
                            log,
                            media,
                            parts.clock(),
                            parts.random()));
            parts.board().uplink(() -> status(entry, uplink.status()));
        }
    }

    /** Uplinks share what the memory plan gives them; the settings' own minimum is two units. */
    private UplinkSettings withinMemory(UplinkSettings settings) {
        long share = parts.memory().uplinkBytes() / parts.config().uplinks().size();
        return new UplinkSettings(
                settings.name(),
                settings.streams(),
                settings.unitBytesMax(),
                settings.unitRecordsMax(),
                settings.interval(),
                settings.retryFirst(),
                settings.retryMax(),
                settings.answerTimeout(),
                settings.onRejected(),
                Math.min(settings.bufferBytes(), share));
    }

    private static GatewayStatus.Uplink status(GatewayConfig.UplinkEntry entry, UplinkStatus status) {
        String detail = status.lanes().stream()
                .map(UplinkParts::detail)
                .filter(text -> !text.isEmpty())
                .findFirst()
                .orElse(null);
        return new GatewayStatus.Uplink(
                status.name(),
                "http",
                entry.destination().url().toString(),
                worst(status),
                detail,
                status.isConnected(),
                status.ledger().pending(),
                status.ledger().delivered(),
                status.retries(),
                status.lanes().stream().map(UplinkParts::lane).toList());
    }

    private static PartState worst(UplinkStatus status) {
        return status.lanes().stream()
                .map(UplinkParts::state)
                .max(java.util.Comparator.comparingInt(UplinkParts::gravity))
                .orElse(PartState.STARTING);
    }

    private static int gravity(PartState state) {
        return switch (state) {
            case RUNNING -> 0;
            case STARTING -> 1;
            case STOPPED -> 2;
            case DEGRADED -> 3;
            case FAILED -> 4;
        };
    }

    /** A lane that goes on as a fork works, but somebody must look: two homes may share one gateway id. */
    private static PartState state(LaneStatus lane) {
        return switch (lane.state()) {
            case STARTING -> PartState.STARTING;
            case WAITING, ENDED -> PartState.RUNNING;
            case CONNECTED -> lane.fork() ? PartState.DEGRADED : PartState.RUNNING;
            case BACKING_OFF -> PartState.DEGRADED;
            case STOPPED -> PartState.FAILED;
        };
    }

    private static GatewayStatus.Lane lane(LaneStatus lane) {
        return new GatewayStatus.Lane(
                lane.shard(),
                state(lane),
                detail(lane).isEmpty() ? null : detail(lane),
                lane.nextSequenceNumber(),
                lane.ledger().pending());
    }

    private static String detail(LaneStatus lane) {
        if (lane.fork() && lane.detail().isEmpty()) {
            return "a fork: the receiver has another history under this gateway id, from a restored or copied home";
        }
        return lane.detail();
    }
}
