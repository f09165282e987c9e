package io.tidegate.gateway.http;

import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.RecordJson;
import io.tidegate.core.stream.ShardCursor;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.ShardQuota;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamLog;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** {@code GET /api/v1/streams/{stream}/records}: a page of one shard. Thread-safe. */
final class GetRecords {
    static final int LIMIT_MAX = 10_000;
    private static final int LIMIT_DEFAULT = 1_000;
    private static final int PAGE_BYTES_MAX = 1 << 20;

    private final StreamLog log;
    private final ReadQuotas quotas;

    GetRecords(StreamLog log, ReadQuotas quotas) {
        this.log = log;
        this.quotas = quotas;
    }

    void handle(Exchange exchange, PathParameters parameters) {
        StreamDescription stream = Names.stream(log, parameters.get("stream"));
        ShardId shard = Names.shard(stream, exchange.query("shard"));
        String from = exchange.query("from");
        int limit = limit(exchange.query("limit"));
        long wait = quotas.waitNanos(stream.name(), shard);
        if (wait > 0) {
            exchange.busy(429, PutBatch.THROTTLED, ShardQuota.exceeded(shard), wait / 1_000_000_000 + 1);
            return;
        }
        try (ShardCursor cursor = log.cursor(shard, From.inShard(from == null ? "trim-horizon" : from))) {
            ReadBatch page = cursor.read(PAGE_BYTES_MAX, limit);
            quotas.charge(stream.name(), page.entries());
            exchange.json(200, render(page, cursor.nextSequenceNumber() - 1, children(shard)));
        }
    }

    private static int limit(@Nullable String text) {
        if (text == null) {
            return LIMIT_DEFAULT;
        }
        if (text.matches("[0-9]{1,6}")) {
            int limit = Integer.parseInt(text);
            if (limit >= 1 && limit <= LIMIT_MAX) {
                return limit;
            }
        }
        throw new HttpProblemException(
                400, "invalid-parameter", "limit must be 1 to " + LIMIT_MAX + ", found '" + text + "'");
    }

    /** Where what comes after a closed shard is. */
    private String children(ShardId shard) {
        return log.admin().describe(shard.stream()).stream()
                .flatMap(stream -> stream.shards().stream())
                .filter(one -> one.parents().contains(shard))
                .map(one -> '"' + one.id().name() + '"')
                .collect(Collectors.joining(","));
    }

    private Payload render(ReadBatch page, long afterSequenceNumber, String children) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(4096);
        ascii("{\"records\":[", out);
        String separator = "";
        for (LogEntry entry : page.entries()) {
            ascii(separator, out);
            RecordJson.writeShown(entry, log::correctedTimeMillis, out);
            separator = ",\n";
        }
        ascii(
                "],\"next\":\"after:" + afterSequenceNumber + "\",\"millisBehindLatest\":" + page.millisBehindLatest()
                        + (page.ended() ? ",\"ended\":true,\"children\":[" + children + "]}" : "}"),
                out);
        return Payload.wrap(out.toByteArray());
    }

    private static void ascii(String text, ByteArrayOutputStream out) {
        out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }
}
