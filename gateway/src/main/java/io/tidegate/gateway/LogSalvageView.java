package io.tidegate.gateway;

import io.tidegate.buffer.SalvageReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** How {@code tidegate log salvage} says what it found. */
final class LogSalvageView {
    private static final int RANGES_SHOWN = 10;

    private LogSalvageView() {}

    static void print(SalvageReport report, Path home, Path target, PrintWriter out) {
        for (SalvageReport.Segment segment : report.segments()) {
            out.printf(
                    "segment %d: %d pages, %d commits%s%s%n",
                    segment.number(),
                    segment.pages(),
                    segment.commits(),
                    segment.isStateWhole() ? "" : ", the copy of the log's state in it is lost",
                    segment.badPages().isEmpty() ? "" : ", bad pages: " + ranges(segment.badPages()));
        }
        for (SalvageReport.Shard shard : report.shards()) {
            out.printf(
                    "%s: %s%n",
                    shard.id(),
                    shard.records() == 0
                            ? "no record"
                            : shard.records() + " records, from " + shard.first() + " to " + shard.last());
            List<SalvageReport.Missing> missing = shard.missing();
            missing.stream().limit(RANGES_SHOWN).forEach(each -> out.println("  missing: " + text(each)));
            if (missing.size() > RANGES_SHOWN) {
                out.printf("  and %d more gaps%n", missing.size() - RANGES_SHOWN);
            }
        }
        if (report.leftOut() > 0) {
            out.printf("%d commits contradict the others and were left out%n", report.leftOut());
        }
        out.printf(
                "%d records salvaged to %s; %s%n",
                report.records(),
                target,
                report.isComplete()
                        ? "nothing is missing of what the log says it had"
                        : "readers are told of what is missing");
        out.printf("to use it: move %s away, and %s in its place%n", home.resolve("log"), target.resolve("log"));
    }

    private static String text(SalvageReport.Missing missing) {
        String numbers = missing.first() == missing.last()
                ? "record " + missing.first()
                : "records " + missing.first() + " to " + missing.last();
        return missing.exact() ? numbers : numbers + ", at most, if they have not expired";
    }

    /** Page numbers, which are in order, with stretches of them as one. */
    static String ranges(List<Integer> numbers) {
        StringBuilder text = new StringBuilder();
        int shown = 0;
        for (int i = 0; i < numbers.size(); i++) {
            int first = numbers.get(i);
            while (i + 1 < numbers.size() && numbers.get(i + 1) == numbers.get(i) + 1) {
                i++;
            }
            if (++shown > RANGES_SHOWN) {
                return text + ", and more";
            }
            text.append(text.isEmpty() ? "" : ", ").append(first);
            if (numbers.get(i) > first) {
                text.append('-').append(numbers.get(i));
            }
        }
        return text.toString();
    }

    static ObjectNode json(SalvageReport report) {
        ObjectNode answer = JsonMapper.shared().createObjectNode();
        answer.put("complete", report.isComplete())
                .put("records", report.records())
                .put("leftOut", report.leftOut());
        ArrayNode segments = answer.putArray("segments");
        for (SalvageReport.Segment segment : report.segments()) {
            ObjectNode one = segments.addObject();
            one.put("number", segment.number())
                    .put("pages", segment.pages())
                    .put("commits", segment.commits())
                    .put("stateWhole", segment.isStateWhole());
            segment.badPages().forEach(one.putArray("badPages")::add);
        }
        ArrayNode shards = answer.putArray("shards");
        for (SalvageReport.Shard shard : report.shards()) {
            ObjectNode one = shards.addObject();
            one.put("shard", shard.id().toString())
                    .put("records", shard.records())
                    .put("first", shard.first())
                    .put("last", shard.last());
            ArrayNode missing = one.putArray("missing");
            shard.missing().forEach(each -> missing.addObject()
                    .put("first", each.first())
                    .put("last", each.last())
                    .put("records", each.records())
                    .put("exact", each.exact()));
        }
        return answer;
    }
}
