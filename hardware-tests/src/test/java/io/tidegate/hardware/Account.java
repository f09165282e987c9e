package io.tidegate.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** Compares what devices know of their readings with what a gateway and a central serve. */
final class Account {
    private Account() {}

    /** How many readings were found more than once. */
    record Outcome(int readings, int copies) {}

    /**
     * Every acknowledged reading is there; a second copy only of what was sent again, and none if the device's
     * numbers are known; first copies are in order.
     */
    static Outcome check(List<Device> devices, List<JsonNode> records) {
        Map<String, List<Integer>> byDevice = new HashMap<>();
        for (JsonNode record : records) {
            JsonNode data = record.path("data");
            byDevice.computeIfAbsent(data.path("device").asString(), key -> new ArrayList<>())
                    .add(data.path("n").asInt());
        }
        int readings = 0;
        int copies = 0;
        for (Device device : devices) {
            List<Integer> stored = byDevice.getOrDefault(device.name, List.of());
            readings += device.count();
            copies += checkOne(device, stored);
        }
        return new Outcome(readings, copies);
    }

    private static int checkOne(Device device, List<Integer> stored) {
        Set<Integer> seen = new HashSet<>();
        int lastFirstCopy = 0;
        int copies = 0;
        for (int number : stored) {
            if (seen.add(number)) {
                assertThat(number)
                        .as("first copies of %s in order", device.name)
                        .isGreaterThan(lastFirstCopy);
                lastFirstCopy = number;
            } else {
                copies++;
                assertThat(device.reading(number).sent())
                        .as("second copy of %s/%d, which was sent once", device.name, number)
                        .isGreaterThan(1);
                assertThat(device.name)
                        .as("second copy of %d of a device whose numbers are known", number)
                        .doesNotStartWith("numbered");
            }
        }
        for (int number = 1; number <= device.count(); number++) {
            if (device.reading(number).acknowledged) {
                assertThat(seen).as("acknowledged readings of %s", device.name).contains(number);
            }
        }
        return copies;
    }

    /** The central holds what the gateway's log holds, record for record and in order per key. */
    static void checkCentral(List<JsonNode> atGateway, List<JsonNode> atCentral) {
        Map<String, JsonNode> byOrigin = new HashMap<>();
        Map<String, Long> lastByKey = new HashMap<>();
        for (JsonNode record : atCentral) {
            JsonNode attributes = record.path("attributes");
            String shard = attributes.path("origin.shard").asString();
            String sequence = attributes.path("origin.sequence").asString();
            assertThat(byOrigin.put(shard + "/" + sequence, record))
                    .as("%s/%s is there once", shard, sequence)
                    .isNull();
            String key = record.path("partitionKey").asString();
            Long last = lastByKey.put(key, Long.parseLong(sequence));
            assertThat(last == null || last < Long.parseLong(sequence))
                    .as("order of key %s at %s", key, sequence)
                    .isTrue();
        }
        assertThat(byOrigin).hasSameSizeAs(atGateway);
        for (JsonNode record : atGateway) {
            String place = record.path("shardId").asString() + "/"
                    + record.path("sequenceNumber").asString();
            JsonNode copy = byOrigin.get(place);
            assertThat(copy).as("record %s at the central", place).isNotNull();
            for (String field : List.of("partitionKey", "data", "eventTime", "eventTimeFrom", "contentType")) {
                assertThat(copy.path(field)).as("%s of %s", field, place).isEqualTo(record.path(field));
            }
            assertThat(copy.path("attributes").path("origin.epoch")).isEqualTo(record.path("epoch"));
            assertThat(copy.path("attributes").path("origin.arrival")).isEqualTo(record.path("arrivalTime"));
        }
    }
}
