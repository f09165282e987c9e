package io.tidegate.gateway;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
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

/** {@code tidegate tap}: prints records as they are committed, or those of a shard up to its end. */
@Command(
        name = "tap",
        mixinStandardHelpOptions = true,
        description = "Prints records of a stream as they are committed, or what a shard holds.",
        footer = {
            "",
            "Without --shard it follows the stream until it is ended (Ctrl-C) or --limit is reached; with --shard it prints",
            "what the shard holds and ends.",
            "Example: tidegate tap telemetry --from trim-horizon --limit 10 --output json"
        })
final class TapCommand implements Callable<Integer> {
    private static final int PAGE = 1_000;

    @Mixin
    private ReachOptions reach = new ReachOptions();

    @Mixin
    private OutputOption output = new OutputOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(
            paramLabel = "STREAM",
            arity = "0..1",
            defaultValue = "telemetry",
            description = "The stream (default: ${DEFAULT-VALUE}).")
    private String stream = "telemetry";

    @Option(
            names = "--from",
            paramLabel = "WHERE",
            description = "latest, trim-horizon; with --shard also at:N, after:N, time:T (default: latest, with --shard"
                    + " trim-horizon).")
    private @Nullable String from;

    @Option(names = "--shard", paramLabel = "ID", description = "One shard, such as shardId-000000000000, to its end.")
    private @Nullable String shard;

    @Option(names = "--limit", paramLabel = "N", description = "End after so many records.")
    private long limit = Long.MAX_VALUE;

    private long printed;

    @Override
    public Integer call() {
        if (limit < 1) {
            throw CommandFailure.usage("found --limit " + limit + ", expected at least 1");
        }
        GatewayClient client = reach.client();
        String path = "/api/v1/streams/" + Urls.part(stream);
        if (shard == null) {
            client.events(path + "/tail?from=" + Urls.part(from == null ? "latest" : from), (event, data) -> {
                print(data);
                return printed < limit;
            });
        } else {
            readShard(client, path + "/records?shard=" + Urls.part(shard));
        }
        return ExitCode.OK;
    }

    private void readShard(GatewayClient client, String path) {
        String next = from == null ? "trim-horizon" : from;
        while (printed < limit) {
            long count = Math.min(PAGE, limit - printed);
            String page = client.getText(path + "&from=" + Urls.part(next) + "&limit=" + count);
            List<String> records = JsonCut.elements(page, "records");
            if (records.isEmpty()) {
                return;
            }
            records.forEach(this::print);
            next = JsonMapper.shared().readTree(page).path("next").asString();
        }
    }

    private void print(String line) {
        PrintWriter out = spec.commandLine().getOut();
        if (output.isJson()) {
            printed++;
            out.println(line);
            return;
        }
        JsonNode record = JsonMapper.shared().readTree(line);
        JsonNode gap = record.path("gap");
        if (gap.isObject()) {
            out.printf(
                    "gap  %s to %s, %s%n",
                    Urls.plain(gap.path("from")), Urls.plain(gap.path("to")), Urls.plain(gap.path("reason")));
            return;
        }
        printed++;
        out.printf(
                "%s  %s  %s  %s%n",
                record.path("arrivalTime").asString(),
                record.path("sequenceNumber").asString(),
                record.path("partitionKey").asString(),
                data(line, record));
        out.flush();
    }

    /** As it was sent, but in one line: JSON over several lines travels as base64. */
    private static String data(String line, JsonNode record) {
        String data = JsonCut.value(line, "data");
        if (data != null) {
            return data;
        }
        String base64 = record.path("dataBase64").asString();
        if (record.path("contentType").asString().equals("application/json")) {
            String text = new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
            return text.replaceAll("\\s*[\r\n]\\s*", " ");
        }
        return "base64 " + base64;
    }
}
