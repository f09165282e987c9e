package io.tidegate.hardware;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Reads what a gateway or central serves, over its public interface. */
final class Records {
    private Records() {}

    /** Every record of a shard from its horizon to its end, in order; a gap fails. */
    static List<JsonNode> of(TidegateProcess process, String stream, String shard) throws Exception {
        List<JsonNode> all = new ArrayList<>();
        String from = "trim-horizon";
        while (true) {
            JsonNode page = process.get(
                    "/api/v1/streams/" + stream + "/records?shard=" + shard + "&from=" + from + "&limit=1000");
            JsonNode records = page.path("records");
            if (records.isEmpty()) {
                return all;
            }
            for (JsonNode record : records) {
                if (record.has("gap")) {
                    throw new AssertionError("unexpected gap in " + stream + "/" + shard + ": " + record);
                }
                all.add(record);
            }
            from = page.path("next").asString();
        }
    }

    /** The same over all shards of a stream, one after the other. */
    static List<JsonNode> of(TidegateProcess process, String stream) throws Exception {
        List<JsonNode> all = new ArrayList<>();
        for (String shard : shards(process, stream)) {
            all.addAll(of(process, stream, shard));
        }
        return all;
    }

    static List<String> shards(TidegateProcess process, String stream) throws IOException, InterruptedException {
        List<String> names = new ArrayList<>();
        for (JsonNode shard :
                process.get("/api/v1/streams/" + stream + "/shards").path("shards")) {
            names.add(shard.path("shardId").asString());
        }
        return names;
    }
}
