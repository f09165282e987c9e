package io.tidegate.gateway;

import io.tidegate.buffer.LogStatistics;
import io.tidegate.core.stream.IsoTime;
import java.io.PrintWriter;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The figures of a log as text and as JSON. */
final class LogStatsView {
    private LogStatsView() {}

    static void print(LogStatistics.Report report, PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%d segments, %d blocks, %d records retained, %d bytes on disk, %.2f per byte of data and keys%n",
                report.segments(),
                report.blocks(),
                report.records(),
                report.bytesOnDisk(),
                ratio(report.bytesOnDisk(), report.payloadBytes()));
        report.segmentsByKey()
                .forEach((key, segments) -> out.println(segments + " segments encrypted with key " + key));
        if (report.unreadableSegments() > 0) {
            out.println(report.unreadableSegments()
                    + " segments have commits that cannot be read; 'tidegate log check' tells which");
        }
        for (LogStatistics.Shard shard : report.shards()) {
            if (shard.ledger().appended() == 0) {
                continue;
            }
            out.printf(
                    Locale.ROOT,
                    "%s: %d records, %d bytes, %s to %s, %d segments, %d blocks, %.1f records per block, %d damaged%n",
                    shard.id(),
                    shard.ledger().retained(),
                    shard.payloadBytes(),
                    time(shard.oldestMillis()),
                    time(shard.newestMillis()),
                    shard.segments(),
                    shard.blocks(),
                    ratio(shard.ledger().retained(), shard.blocks()),
                    shard.ledger().corrupt());
        }
    }

    static ObjectNode json(LogStatistics.Report report) {
        ObjectNode answer = JsonMapper.shared().createObjectNode();
        answer.put("segments", report.segments())
                .put("blocks", report.blocks())
                .put("records", report.records())
                .put("payloadBytes", report.payloadBytes())
                .put("bytesOnDisk", report.bytesOnDisk())
                .put("bytesOnDiskPerPayloadByte", ratio(report.bytesOnDisk(), report.payloadBytes()))
                .put("unreadableSegments", report.unreadableSegments());
        ObjectNode byKey = answer.putObject("segmentsByKey");
        report.segmentsByKey().forEach(byKey::put);
        ArrayNode shards = answer.putArray("shards");
        for (LogStatistics.Shard shard : report.shards()) {
            shards.addObject()
                    .put("stream", shard.id().stream().value())
                    .put("shardId", shard.id().name())
                    .put("records", shard.ledger().retained())
                    .put("payloadBytes", shard.payloadBytes())
                    .put("oldest", shard.blocks() == 0 ? null : IsoTime.text(shard.oldestMillis()))
                    .put("newest", shard.blocks() == 0 ? null : IsoTime.text(shard.newestMillis()))
                    .put("segments", shard.segments())
                    .put("blocks", shard.blocks())
                    .put("recordsPerBlock", ratio(shard.ledger().retained(), shard.blocks()))
                    .put("corrupt", shard.ledger().corrupt());
        }
        return answer;
    }

    private static String time(long millis) {
        return millis == 0 ? "-" : IsoTime.text(millis);
    }

    private static double ratio(long one, long other) {
        return other == 0 ? 0 : Math.round((double) one / (double) other * 100) / 100.0;
    }
}
