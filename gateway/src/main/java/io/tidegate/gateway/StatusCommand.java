package io.tidegate.gateway;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code tidegate status}: how the parts of a gateway are. */
@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        description = "Says how the parts of a gateway are.",
        footer = {"", "Exit codes: 0 all of it runs, 3 no gateway answers, 5 it runs, but not all of it."})
final class StatusCommand implements Callable<Integer> {
    @Mixin
    private ReachOptions reach = new ReachOptions();

    @Mixin
    private OutputOption output = new OutputOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        JsonNode status = reach.client().get("/api/v1/status");
        PrintWriter out = spec.commandLine().getOut();
        if (output.isJson()) {
            out.println(status);
        } else {
            print(status, out);
        }
        return status.path("status").asString("ok").equals("ok") ? ExitCode.OK : ExitCode.DEGRADED;
    }

    private static void print(JsonNode status, PrintWriter out) {
        JsonNode log = status.path("log");
        out.printf(
                "%s %s  %s  up %s s  %s%n",
                text(status, "role"),
                text(status, "gatewayId"),
                text(status, "version"),
                text(status, "uptimeSeconds"),
                text(status, "status"));
        out.printf(
                "log  %s records, %s commits, %s segments, %s bytes on disk%n",
                text(log, "recordsCommitted"), text(log, "commits"), text(log, "segments"), text(log, "bytesOnDisk"));
        String budget = log.path("writeBudgetBytesPerDay").asString("");
        out.printf(
                "disk %s bytes written today%s, %s per payload byte, %s ms between commits%n",
                text(log, "writtenTodayBytes"),
                budget.isEmpty() ? "" : " of " + budget,
                text(log, "writtenPerPayloadByte"),
                text(log, "commitIntervalMillis"));
        encryption(log.path("encryption"), out);
        for (String list : new String[] {"adapters", "uplinks", "cameras", "rules"}) {
            for (JsonNode part : status.path(list)) {
                String detail = part.path("detail").asString("");
                String pending = part.has("pendingRecords") ? "  pending " + text(part, "pendingRecords") : "";
                String messages = part.has("stored")
                        ? "  stored " + text(part, "stored") + ", rejected " + text(part, "rejected") + ", refused "
                                + text(part, "refused")
                        : "";
                out.printf(
                        "%-9s %-20s %s%s%s%s%n",
                        list.substring(0, list.length() - 1),
                        text(part, "name"),
                        text(part, "state"),
                        pending,
                        messages,
                        detail.isEmpty() ? "" : "  " + detail);
            }
        }
        status.path("problems").forEach(problem -> out.println("! " + Urls.plain(problem)));
    }

    /** Nothing, if nothing is encrypted. */
    private static void encryption(JsonNode encryption, PrintWriter out) {
        String key = encryption.path("key").asString("");
        List<String> segments = new ArrayList<>();
        encryption
                .path("segmentsByKey")
                .properties()
                .forEach(each -> segments.add(each.getValue().asInt() + " segments under " + each.getKey()));
        if (!key.isEmpty() || !segments.isEmpty()) {
            out.printf(
                    "keys %s, %s, %s not encrypted%n",
                    key.isEmpty() ? "new segments are not encrypted" : "new segments under " + key,
                    segments.isEmpty() ? "none yet" : String.join(", ", segments),
                    text(encryption, "plainSegments"));
        }
    }

    private static String text(JsonNode node, String key) {
        JsonNode value = node.path(key);
        return value.isMissingNode() || value.isNull() ? "-" : Urls.plain(value);
    }
}
