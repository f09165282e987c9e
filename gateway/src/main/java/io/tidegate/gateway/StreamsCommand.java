package io.tidegate.gateway;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code tidegate streams}: which streams there are, what their shards hold, and changing them. */
@Command(
        name = "streams",
        mixinStandardHelpOptions = true,
        description = "Lists streams and what their shards hold; creates, reshards and deletes them.",
        footer = {
            "",
            "Streams of the configuration are created again, with its settings, when the gateway starts.",
            "Example: tidegate streams scale telemetry --shards 2"
        })
final class StreamsCommand implements Callable<Integer> {
    private static final String MODE = "on-demand: no quota; provisioned: 1 MiB/s and 1000 records/s in, 2 MiB/s out,"
            + " for each shard and all clients together";
    private static final String PATH = "/api/v1/streams";

    @Mixin
    private ReachOptions reach = new ReachOptions();

    @Mixin
    private OutputOption output = new OutputOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        return list(reach, output);
    }

    @Command(name = "list", mixinStandardHelpOptions = true, description = "Lists streams and what their shards hold.")
    int list(@Mixin ReachOptions at, @Mixin OutputOption as) {
        GatewayClient client = client(at);
        JsonNode answer = client.get(PATH);
        if (isJson(as)) {
            out().println(answer);
            return ExitCode.OK;
        }
        header();
        for (JsonNode stream : answer.path("streams")) {
            String name = stream.path("stream").asString();
            rows(name, client.get(path(name) + "/shards").path("shards"));
        }
        return ExitCode.OK;
    }

    @Command(name = "show", mixinStandardHelpOptions = true, description = "Shows one stream and its shards.")
    int show(@Mixin ReachOptions at, @Mixin OutputOption as, @Parameters(paramLabel = "STREAM") String stream) {
        return print(client(at).get(path(stream)), as);
    }

    @Command(name = "create", mixinStandardHelpOptions = true, description = "Creates a stream.")
    int create(
            @Mixin ReachOptions at,
            @Mixin OutputOption as,
            @Parameters(paramLabel = "STREAM") String stream,
            @Option(names = "--shards", paramLabel = "N", description = "1 to 256 (default: 1).") @Nullable
                    Integer shards,
            @Option(names = "--retention-hours", paramLabel = "H", description = "24 to 8760 (default: 168).") @Nullable
                    Integer retentionHours,
            @Option(names = "--mode", paramLabel = "MODE", description = MODE + " (default: on-demand).") @Nullable
                    String mode) {
        ObjectNode body = JsonMapper.shared().createObjectNode().put("stream", stream);
        if (shards != null) {
            body.put("shards", shards);
        }
        if (retentionHours != null) {
            body.put("retentionHours", retentionHours);
        }
        if (mode != null) {
            body.put("mode", mode);
        }
        return change(at, as, "POST", PATH, body);
    }

    @Command(
            name = "mode",
            mixinStandardHelpOptions = true,
            description = "Gives the shards of a stream quotas for clients, or takes them away.")
    int mode(
            @Mixin ReachOptions at,
            @Mixin OutputOption as,
            @Parameters(paramLabel = "STREAM") String stream,
            @Parameters(paramLabel = "MODE", description = MODE + ".") String mode) {
        String body = JsonMapper.shared().createObjectNode().put("mode", mode).toString();
        return print(client(at).change("PATCH", path(stream), body), as);
    }

    @Command(
            name = "delete",
            mixinStandardHelpOptions = true,
            description = "Deletes a stream with all its records. They cannot be brought back.")
    int delete(@Mixin ReachOptions at, @Mixin OutputOption as, @Parameters(paramLabel = "STREAM") String stream) {
        JsonNode answer = client(at).change("DELETE", path(stream), null);
        out().println(isJson(as) ? answer.toString() : "deleted " + stream);
        return ExitCode.OK;
    }

    @Command(
            name = "split",
            mixinStandardHelpOptions = true,
            description = "Closes a shard and opens two in its place.")
    int split(
            @Mixin ReachOptions at,
            @Mixin OutputOption as,
            @Parameters(paramLabel = "STREAM") String stream,
            @Parameters(paramLabel = "SHARD", description = "Such as shardId-000000000000, or 0.") String shard,
            @Option(
                            names = "--at",
                            paramLabel = "HASH-KEY",
                            description = "Where the second begins (default: the middle).")
                    @Nullable
                    String hashKey) {
        ObjectNode body = JsonMapper.shared().createObjectNode().put("shard", shard);
        if (hashKey != null) {
            body.put("newStartingHashKey", hashKey);
        }
        return change(at, as, "POST", path(stream) + "/split", body);
    }

    @Command(
            name = "merge",
            mixinStandardHelpOptions = true,
            description = "Closes two shards, the second of which begins where the first ends, and opens one.")
    int merge(
            @Mixin ReachOptions at,
            @Mixin OutputOption as,
            @Parameters(paramLabel = "STREAM") String stream,
            @Parameters(paramLabel = "SHARD") String shard,
            @Parameters(paramLabel = "ADJACENT") String adjacent) {
        ObjectNode body =
                JsonMapper.shared().createObjectNode().put("shard", shard).put("adjacentShard", adjacent);
        return change(at, as, "POST", path(stream) + "/merge", body);
    }

    @Command(
            name = "scale",
            mixinStandardHelpOptions = true,
            description = "Splits and merges until there are so many open shards of the same width.")
    int scale(
            @Mixin ReachOptions at,
            @Mixin OutputOption as,
            @Parameters(paramLabel = "STREAM") String stream,
            @Option(
                            names = "--shards",
                            required = true,
                            paramLabel = "N",
                            description = "At least half and at most twice as many as now.")
                    int shards) {
        ObjectNode body = JsonMapper.shared().createObjectNode().put("shards", shards);
        return change(at, as, "PATCH", path(stream), body);
    }

    /** Changes a stream, and shows what it is then. */
    private int change(ReachOptions at, OutputOption as, String method, String path, ObjectNode body) {
        return print(client(at).change(method, path, body.toString()), as);
    }

    @Command(
            name = "consumers",
            mixinStandardHelpOptions = true,
            description = "Lists the dedicated consumers of a stream and what they have confirmed.")
    int consumers(@Mixin ReachOptions at, @Mixin OutputOption as, @Parameters(paramLabel = "STREAM") String stream) {
        JsonNode answer = client(at).get(path(stream) + "/consumers");
        if (isJson(as)) {
            out().println(answer);
            return ExitCode.OK;
        }
        out().printf("%-24s %-22s %12s %12s%n", "CONSUMER", "SHARD", "CONFIRMED", "PENDING");
        for (JsonNode consumer : answer.path("consumers")) {
            for (JsonNode shard : consumer.path("shards")) {
                out().printf(
                                "%-24s %-22s %12s %12s%n",
                                Urls.plain(consumer.path("consumer")),
                                Urls.plain(shard.path("shardId")),
                                Urls.plain(shard.path("confirmed")),
                                Urls.plain(shard.path("pending")));
            }
        }
        return ExitCode.OK;
    }

    @Command(
            name = "register",
            mixinStandardHelpOptions = true,
            description = "Registers a dedicated consumer: its place is kept, and its quota is its own.")
    int register(
            @Mixin ReachOptions at,
            @Mixin OutputOption as,
            @Parameters(paramLabel = "STREAM") String stream,
            @Parameters(paramLabel = "CONSUMER") String consumer) {
        String body =
                JsonMapper.shared().createObjectNode().put("consumer", consumer).toString();
        JsonNode answer = client(at).change("POST", path(stream) + "/consumers", body);
        out().println(isJson(as) ? answer.toString() : "registered " + consumer);
        return ExitCode.OK;
    }

    @Command(
            name = "deregister",
            mixinStandardHelpOptions = true,
            description = "Forgets a dedicated consumer and its places.")
    int deregister(
            @Mixin ReachOptions at,
            @Mixin OutputOption as,
            @Parameters(paramLabel = "STREAM") String stream,
            @Parameters(paramLabel = "CONSUMER") String consumer) {
        JsonNode answer = client(at).change("DELETE", path(stream) + "/consumers/" + Urls.part(consumer), null);
        out().println(isJson(as) ? answer.toString() : "deregistered " + consumer);
        return ExitCode.OK;
    }

    private int print(JsonNode stream, OutputOption as) {
        if (isJson(as)) {
            out().println(stream);
        } else {
            header();
            rows(stream.path("stream").asString(), stream.path("shardList"));
        }
        return ExitCode.OK;
    }

    private void header() {
        out().printf("%-24s %-22s %-7s %12s %12s %14s%n", "STREAM", "SHARD", "STATE", "FIRST", "NEXT", "BYTES");
    }

    private void rows(String name, JsonNode shards) {
        for (JsonNode shard : shards) {
            out().printf(
                            "%-24s %-22s %-7s %12s %12s %14s%n",
                            name,
                            Urls.plain(shard.path("shardId")),
                            Urls.plain(shard.path("state")),
                            Urls.plain(shard.path("horizon")),
                            Urls.plain(shard.path("next")),
                            Urls.plain(shard.path("retainedBytes")));
        }
    }

    private static String path(String stream) {
        return PATH + "/" + Urls.part(stream);
    }

    private GatewayClient client(ReachOptions at) {
        return at.within(reach).client();
    }

    private boolean isJson(OutputOption as) {
        return as.isJson() || output.isJson();
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
