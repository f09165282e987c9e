package io.tidegate.gateway.http;

import io.tidegate.core.stream.ShardId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The gateway's parts at a glance; the log speaks for itself.
 *
 * @param role {@code gateway} or {@code central}
 * @param ports the real ports of the listeners, by name ({@code http}, {@code mqtt}, {@code coap})
 */
public record GatewayStatus(
        String version,
        String role,
        Duration uptime,
        Map<String, Integer> ports,
        List<Adapter> adapters,
        List<Uplink> uplinks,
        List<Camera> cameras,
        List<Rule> rules) {
    public GatewayStatus {
        ports = Map.copyOf(ports);
        adapters = List.copyOf(adapters);
        uplinks = List.copyOf(uplinks);
        cameras = List.copyOf(cameras);
        rules = List.copyOf(rules);
    }

    /** Of a gateway without adapters, uplinks, cameras and rules. */
    public static GatewayStatus of(String version, String role, Duration uptime) {
        return new GatewayStatus(version, role, uptime, Map.of(), List.of(), List.of(), List.of(), List.of());
    }

    /**
     * A listener for devices, or a client of a broker.
     *
     * @param kind {@code mqtt}, {@code mqtt-client}, {@code coap} or {@code http}
     * @param detail why it is not running, null if it is
     * @param connections open now; empty where devices keep none that an adapter knows of
     */
    public record Adapter(
            String name,
            String kind,
            PartState state,
            @Nullable String detail,
            OptionalInt connections,
            AdapterCounts counts) {}

    /**
     * Messages since the start.
     *
     * @param stored durable in their stream
     * @param duplicates recognised as second copies
     * @param rejected durable in {@code _rejected}
     * @param dropped left out because a route says so
     * @param refused not stored, and the device was told so
     * @param bytes payload of what was stored
     */
    public record AdapterCounts(long stored, long duplicates, long rejected, long dropped, long refused, long bytes) {
        public static final AdapterCounts NONE = new AdapterCounts(0, 0, 0, 0, 0, 0);
    }

    /**
     * A way out.
     *
     * @param kind {@code http}, {@code kafka}, ...
     * @param target where to, without credentials
     * @param connected the last attempt reached it
     * @param pendingRecords committed, wanted by it and not yet confirmed
     * @param sentRecords confirmed since the start
     * @param retries attempts that had to be repeated since the start
     */
    public record Uplink(
            String name,
            String kind,
            String target,
            PartState state,
            @Nullable String detail,
            boolean connected,
            long pendingRecords,
            long sentRecords,
            long retries,
            List<Lane> lanes) {
        public Uplink {
            lanes = List.copyOf(lanes);
        }
    }

    /**
     * One shard on its way through an uplink.
     *
     * @param nextSequenceNumber the first that is not confirmed
     */
    public record Lane(
            ShardId shard, PartState state, @Nullable String detail, long nextSequenceNumber, long pendingRecords) {}

    /**
     * @param kind {@code rtsp}, {@code file} or {@code synthetic}
     * @param fragments recorded since the start
     * @param lastFragment the media id of the newest durable fragment, null if there is none
     */
    public record Camera(
            String name,
            String kind,
            PartState state,
            @Nullable String detail,
            long fragments,
            long bytes,
            @Nullable String lastFragment) {}

    /**
     * @param recordsIn read since the start
     * @param recordsOut written since the start
     */
    public record Rule(
            String name, PartState state, @Nullable String detail, long recordsIn, long recordsOut) {}
}
