package io.tidegate.gateway;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code tidegate streams}: which streams there are, and what their shards hold. */
@Command(name = "streams", mixinStandardHelpOptions = true, description = "Lists streams and what their shards hold.")
final class StreamsCommand implements Callable<Integer> {
    @Mixin
    private ReachOptions reach = new ReachOptions();

    @Mixin
    private OutputOption output = new OutputOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        GatewayClient client = reach.client();
        JsonNode answer = client.get("/api/v1/streams");
        PrintWriter out = spec.commandLine().getOut();
        if (output.isJson()) {
            out.println(answer);
            return ExitCode.OK;
        }
        out.printf("%-24s %-22s %12s %12s %14s%n", "STREAM", "SHARD", "FIRST", "NEXT", "BYTES");
        for (JsonNode stream : answer.path("streams")) {
            String name = stream.path("stream").asString();
            JsonNode shards = client.get("/api/v1/streams/" + Urls.part(name) + "/shards");
            for (JsonNode shard : shards.path("shards")) {
                out.printf(
                        "%-24s %-22s %12s %12s %14s%n",
                        name,
                        Urls.plain(shard.path("shardId")),
                        Urls.plain(shard.path("horizon")),
                        Urls.plain(shard.path("next")),
                        Urls.plain(shard.path("retainedBytes")));
            }
        }
        return ExitCode.OK;
    }
}
