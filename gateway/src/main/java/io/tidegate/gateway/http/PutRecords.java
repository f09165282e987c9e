package io.tidegate.gateway.http;

import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamName;
import java.util.Arrays;
import java.util.Set;
import org.eclipse.jetty.http.HttpHeader;

/** {@code POST /api/v1/streams/{stream}/records}: NDJSON in, one result per line out, after the commits. Thread-safe. */
final class PutRecords {
    static final int LINES_MAX = 10_000;
    /** Reserved streams that take intents and alarms from anyone who may use the API; the others only the gateway. */
    private static final Set<String> OPEN_RESERVED = Set.of("_commands", "_clips", "_webhooks", "_alarms");

    private final HttpParts parts;
    private final HttpSettings.Limits limits;
    private final BodyBudget budget;
    private final RecordWriter writer;

    PutRecords(HttpParts parts, HttpSettings.Limits limits, BodyBudget budget, RecordWriter writer) {
        this.parts = parts;
        this.limits = limits;
        this.budget = budget;
        this.writer = writer;
    }

    void handle(Exchange exchange, PathParameters parameters) {
        StreamDescription stream = Names.stream(parts.log(), parameters.get("stream"));
        StreamName name = stream.name();
        if (name.isReserved() && !OPEN_RESERVED.contains(name.value())) {
            throw new HttpProblemException(
                    403, "stream-reserved", "stream '" + name + "' is written by the gateway alone");
        }
        String encoding = exchange.header(HttpHeader.CONTENT_ENCODING);
        if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
            throw new HttpProblemException(
                    415, "encoding-not-supported", "send the body without Content-Encoding, found '" + encoding + "'");
        }
        BodyReader.Sink sink = BodyReader.whole(exchange, body -> put(exchange, stream, body));
        new BodyReader(exchange, limits.bodyBytesMax(), budget, parts.clock(), limits, sink).start();
    }

    private void put(Exchange exchange, StreamDescription stream, Payload body) {
        PutBatch batch = new PutBatch();
        byte[] bytes = body.toBytes();
        int from = 0;
        while (from < bytes.length) {
            int end = from;
            while (end < bytes.length && bytes[end] != '\n') {
                end++;
            }
            int to = end > from && bytes[end - 1] == '\r' ? end - 1 : end;
            if (to > from) {
                addLine(stream, Arrays.copyOfRange(bytes, from, to), batch);
            }
            from = end + 1;
        }
        if (batch.lines() == 0) {
            throw new HttpProblemException(
                    400, "no-records", "the body must hold one JSON object per line, found none");
        }
        writer.put(batch, exchange);
    }

    private static void addLine(StreamDescription stream, byte[] line, PutBatch batch) {
        if (batch.lines() == LINES_MAX) {
            throw new HttpProblemException(
                    413, "too-many-records", "a request holds at most " + LINES_MAX + " records");
        }
        try {
            NewRecord record = PutLine.parse(stream.name(), line);
            int bytesMax = stream.settings().recordBytesMax();
            int size = record.data().length()
                    + record.partitionKey().getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
            if (size > bytesMax) {
                batch.addFailed(
                        "record-too-large",
                        "data and partition key hold at most " + bytesMax + " bytes in this stream, found " + size);
            } else {
                batch.add(record);
            }
        } catch (IllegalArgumentException e) {
            batch.addFailed("invalid-record", String.valueOf(e.getMessage()));
        }
    }
}
