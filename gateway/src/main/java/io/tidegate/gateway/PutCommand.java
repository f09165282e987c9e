package io.tidegate.gateway;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code tidegate put}: puts records into a stream. Each is durable once its place is printed. */
@Command(
        name = "put",
        mixinStandardHelpOptions = true,
        description = "Puts one record, or one per line of standard input, into a stream.",
        footer = {
            "",
            "Lines are JSON: {\"partitionKey\":\"press-3\",\"data\":{\"temp\":41.2}}, optionally with explicitHashKey,",
            "eventTime, attributes, and dataBase64 instead of data. A place that is printed is durable.",
            "Example: tidegate put telemetry --key press-3 --data '{\"temp\":41.2}'"
        })
final class PutCommand implements Callable<Integer> {
    private static final int BATCH_LINES_MAX = 500;
    private static final int BATCH_CHARACTERS_MAX = 1 << 20;

    @Mixin
    private ReachOptions reach = new ReachOptions();

    @Mixin
    private OutputOption output = new OutputOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "STREAM", description = "The stream.")
    private String stream = "";

    @Option(names = "--key", paramLabel = "K", description = "The partition key of one record.")
    private @Nullable String key;

    @Option(names = "--data", paramLabel = "JSON", description = "The data of one record, a JSON object.")
    private @Nullable String data;

    private long answered;
    private int refused;

    @Override
    public Integer call() throws IOException {
        GatewayClient client = reach.client();
        if (key != null && data != null) {
            post(client, line(key, data));
        } else if (key != null || data != null) {
            throw CommandFailure.usage(
                    "--key and --data belong together; without both, records come from standard input");
        } else {
            postLines(client);
        }
        return refused == 0 ? ExitCode.OK : ExitCode.FAILED;
    }

    private static String line(String key, String data) {
        try {
            JsonNode parsed = JsonMapper.shared().readTree(data);
            if (!parsed.isObject()) {
                throw CommandFailure.usage("found --data '" + data + "', expected a JSON object");
            }
            String quoted = JsonMapper.shared().writeValueAsString(key);
            String oneLine = data.indexOf('\n') < 0 && data.indexOf('\r') < 0 ? data : parsed.toString();
            return "{\"partitionKey\":" + quoted + ",\"data\":" + oneLine + "}\n";
        } catch (JacksonException e) {
            throw CommandFailure.usage("found --data that is not JSON: " + e.getOriginalMessage());
        }
    }

    private void postLines(GatewayClient client) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        StringBuilder batch = new StringBuilder();
        int lines = 0;
        String line = in.readLine();
        while (line != null) {
            if (!line.isBlank()) {
                batch.append(line).append('\n');
                lines++;
            }
            boolean full = lines == BATCH_LINES_MAX || batch.length() > BATCH_CHARACTERS_MAX;
            // Nothing more to read at once: what a person typed goes out line by line.
            if (lines > 0 && (full || !in.ready())) {
                post(client, batch.toString());
                batch.setLength(0);
                lines = 0;
            }
            line = in.readLine();
        }
        if (lines > 0) {
            post(client, batch.toString());
        }
    }

    private void post(GatewayClient client, String body) {
        JsonNode answer =
                client.post("/api/v1/streams/" + Urls.part(stream) + "/records", "application/x-ndjson", body);
        for (JsonNode result : answer.path("results")) {
            answered++;
            if (result.has("error")) {
                refused++;
                spec.commandLine()
                        .getErr()
                        .println("refused: record " + answered + ": " + Urls.plain(result.path("detail")) + " ("
                                + Urls.plain(result.path("error")) + ")");
            }
            if (output.isJson()) {
                spec.commandLine().getOut().println(result);
            } else if (!result.has("error")) {
                spec.commandLine()
                        .getOut()
                        .println(result.path("shardId").asString() + "  "
                                + result.path("sequenceNumber").asString());
            }
        }
    }
}
