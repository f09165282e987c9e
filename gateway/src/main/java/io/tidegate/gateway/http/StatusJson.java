package io.tidegate.gateway.http;

import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The gateway's parts as JSON. */
final class StatusJson {
    private StatusJson() {}

    /** Adds {@code adapters}, {@code uplinks}, {@code cameras} and {@code rules}. */
    static void parts(GatewayStatus status, ObjectNode into) {
        ArrayNode adapters = into.putArray("adapters");
        status.adapters().forEach(adapter -> adapter(adapter, adapters.addObject()));
        ArrayNode uplinks = into.putArray("uplinks");
        status.uplinks().forEach(uplink -> uplink(uplink, uplinks.addObject()));
        ArrayNode cameras = into.putArray("cameras");
        status.cameras().forEach(camera -> camera(camera, cameras.addObject()));
        ArrayNode rules = into.putArray("rules");
        for (GatewayStatus.Rule rule : status.rules()) {
            ObjectNode one = rules.addObject().put("name", rule.name());
            state(rule.state(), rule.detail(), one);
            one.put("recordsIn", rule.recordsIn()).put("recordsOut", rule.recordsOut());
        }
    }

    private static void adapter(GatewayStatus.Adapter adapter, ObjectNode into) {
        into.put("name", adapter.name()).put("kind", adapter.kind());
        state(adapter.state(), adapter.detail(), into);
        GatewayStatus.AdapterCounts counts = adapter.counts();
        adapter.connections().ifPresent(open -> into.put("connections", open));
        into.put("stored", counts.stored())
                .put("duplicates", counts.duplicates())
                .put("rejected", counts.rejected())
                .put("dropped", counts.dropped())
                .put("refused", counts.refused())
                .put("bytes", counts.bytes());
    }

    private static void uplink(GatewayStatus.Uplink uplink, ObjectNode into) {
        into.put("name", uplink.name()).put("kind", uplink.kind()).put("target", uplink.target());
        state(uplink.state(), uplink.detail(), into);
        into.put("connected", uplink.connected())
                .put("pendingRecords", uplink.pendingRecords())
                .put("sentRecords", uplink.sentRecords())
                .put("retries", uplink.retries());
        ArrayNode lanes = into.putArray("lanes");
        for (GatewayStatus.Lane lane : uplink.lanes()) {
            ObjectNode one = lanes.addObject()
                    .put("stream", lane.shard().stream().value())
                    .put("shardId", lane.shard().name());
            state(lane.state(), lane.detail(), one);
            one.put("next", Long.toString(lane.nextSequenceNumber())).put("pendingRecords", lane.pendingRecords());
        }
    }

    private static void camera(GatewayStatus.Camera camera, ObjectNode into) {
        into.put("name", camera.name()).put("kind", camera.kind());
        state(camera.state(), camera.detail(), into);
        into.put("fragments", camera.fragments()).put("bytes", camera.bytes());
        StatusView.putText("lastFragment", camera.lastFragment(), into);
    }

    private static void state(PartState state, @org.jspecify.annotations.Nullable String detail, ObjectNode into) {
        into.put("state", state.text());
        StatusView.putText("detail", detail, into);
    }
}
