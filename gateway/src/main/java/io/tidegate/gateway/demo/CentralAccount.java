package io.tidegate.gateway.demo;

import io.tidegate.gateway.GatewayClient;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;
import tools.jackson.databind.JsonNode;

/** Holds what the central serves over HTTP against the accounts of the devices and the fragments of the gateway. */
final class CentralAccount {
    private static final int PAGE = 1_000;

    /** Readings of all devices, held against the central's. */
    record Readings(long missing, long duplicated, long reordered) {}

    /** What the central has of one device. */
    private static final class Seen {
        private final BitSet numbers = new BitSet();
        private int newest;
        private long duplicated;
        private long reordered;

        void see(int number) {
            if (numbers.get(number)) {
                duplicated++;
                return;
            }
            numbers.set(number);
            if (number < newest) {
                reordered++;
            }
            newest = Math.max(newest, number);
        }
    }

    private final GatewayClient central;

    CentralAccount(GatewayClient central) {
        this.central = central;
    }

    Readings readings(List<Device> devices) {
        Map<String, Seen> seen = new HashMap<>();
        for (JsonNode record : records(central, "telemetry")) {
            seen.computeIfAbsent(record.path("partitionKey").asString(), key -> new Seen())
                    .see(record.path("data").path("seq").asInt());
        }
        long missing = 0;
        for (Device device : devices) {
            BitSet open = device.ledger().acknowledged();
            open.andNot(seen.computeIfAbsent(device.name(), key -> new Seen()).numbers);
            missing += open.cardinality();
        }
        return new Readings(
                missing,
                seen.values().stream().mapToLong(each -> each.duplicated).sum(),
                seen.values().stream().mapToLong(each -> each.reordered).sum());
    }

    long count(String stream) {
        return records(central, stream).size();
    }

    /** Of these fragments, those whose record or bytes the central does not have, or whose CRC-32C differs. */
    long fragmentsMissing(List<JsonNode> ofGateway) {
        Map<String, JsonNode> there = new HashMap<>();
        for (JsonNode fragment : fragments(central)) {
            there.put(fragment.path("fragmentId").asString(), fragment);
        }
        long missing = 0;
        for (JsonNode fragment : ofGateway) {
            String id = fragment.path("fragmentId").asString();
            Optional<byte[]> bytes = there.containsKey(id) ? central.bytes("/api/v1/media/" + id) : Optional.empty();
            if (bytes.isEmpty()
                    || !crc32c(bytes.get()).equals(fragment.path("crc32c").asString())) {
                missing++;
            }
        }
        return missing;
    }

    /** The data of the fragment records that somebody serves. */
    static List<JsonNode> fragments(GatewayClient client) {
        return records(client, "video").stream()
                .map(record -> record.path("data"))
                .filter(data -> data.path("type").asString("").equals("fragment"))
                .toList();
    }

    private static String crc32c(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return String.format("%08x", crc.getValue());
    }

    /** Every record of a stream, shard by shard, in order. */
    static List<JsonNode> records(GatewayClient client, String stream) {
        List<JsonNode> all = new ArrayList<>();
        boolean exists = false;
        for (JsonNode each : client.get("/api/v1/streams").path("streams")) {
            exists |= each.path("stream").asString("").equals(stream);
        }
        if (!exists) {
            return all;
        }
        for (JsonNode shard :
                client.get("/api/v1/streams/" + stream + "/shards").path("shards")) {
            String path = "/api/v1/streams/" + stream + "/records?shard="
                    + shard.path("shardId").asString() + "&limit=" + PAGE + "&from=";
            JsonNode page = client.get(path + "trim-horizon");
            while (!page.path("records").isEmpty()) {
                page.path("records").forEach(record -> {
                    if (!record.has("gap")) {
                        all.add(record);
                    }
                });
                page = client.get(path + page.path("next").asString());
            }
        }
        return all;
    }
}
