package io.tidegate.core.stream;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Records and gaps as JSON, one per line, the form of the API, of tap, of exports and of what goes upstream:
 *
 * <pre>
 * {"stream":"telemetry","shardId":"shardId-000000000000","sequenceNumber":"5001","epoch":"7f3a9c0e11d2b345",
 *  "partitionKey":"press-3","explicitHashKey":null,"arrivalTime":"2026-11-23T01:02:03.123Z","timeQuality":"synced",
 *  "eventTime":"2026-11-23T01:02:03.100Z","eventTimeFrom":"device","contentType":"application/json",
 *  "attributes":{"device":"press-3"},"data":{"temp":41.2}}
 * {"gap":{"from":"5002","to":"5004","records":2,"exact":true,"reason":"evicted","time":"2026-11-23T01:02:03.123Z"}}
 * </pre>
 *
 * <p>Data that is one JSON object on one line stands there byte for byte, anything else as {@code dataBase64}. Sequence
 * numbers are decimal strings. No line break within or after a line.
 */
public final class RecordJson {
    /** How much of a record's place is said. */
    public enum Form {
        /** With stream, shardId and epoch. */
        FULL,
        /** Without them: they stand once, before the lines. */
        WITHIN_SHARD
    }

    private RecordJson() {}

    public static void write(LogEntry entry, Form form, ByteArrayOutputStream out) {
        if (entry instanceof StreamRecord record) {
            write(record, form, null, out);
        } else {
            write((Gap) entry, form, out);
        }
    }

    /**
     * Appends an entry as readers here are shown it: in full, and with {@code correctedTime} after {@code timeQuality} if
     * the record is now known to have arrived at another time than it was given. Not for what goes upstream: there the
     * same record is always the same bytes.
     */
    public static void writeShown(
            LogEntry entry, ToLongFunction<StreamRecord> correctedTimeMillis, ByteArrayOutputStream out) {
        if (entry instanceof StreamRecord record) {
            write(record, Form.FULL, null, correctedTimeMillis.applyAsLong(record), out);
        } else {
            write((Gap) entry, Form.FULL, out);
        }
    }

    /**
     * Appends one record.
     *
     * @param media the value of the field of that name, null to leave it out
     */
    public static void write(StreamRecord record, Form form, @Nullable String media, ByteArrayOutputStream out) {
        write(record, form, media, record.arrivalTimeMillis(), out);
    }

    private static void write(
            StreamRecord record,
            Form form,
            @Nullable String media,
            long correctedTimeMillis,
            ByteArrayOutputStream out) {
        ascii("{", out);
        if (form == Form.FULL) {
            field("stream", record.shard().stream().value(), out);
            field("shardId", record.shard().name(), out);
        }
        field("sequenceNumber", Long.toString(record.sequenceNumber()), out);
        if (form == Form.FULL) {
            field("epoch", ShardEpoch.text(record.epoch()), out);
        }
        field("partitionKey", record.partitionKey(), out);
        HashKey explicit = record.explicitHashKey();
        if (explicit == null) {
            ascii("\"explicitHashKey\":null,", out);
        } else {
            field("explicitHashKey", explicit.toString(), out);
        }
        field("arrivalTime", IsoTime.text(record.arrivalTimeMillis()), out);
        field("timeQuality", record.timeQuality().text(), out);
        if (correctedTimeMillis != record.arrivalTimeMillis()) {
            field("correctedTime", IsoTime.text(correctedTimeMillis), out);
        }
        field("eventTime", IsoTime.text(record.eventTimeMillis()), out);
        field("eventTimeFrom", record.eventTimeFrom().text(), out);
        field("contentType", record.contentType(), out);
        attributes(record.attributes(), out);
        if (media != null) {
            field("media", media, out);
        }
        data(record.data(), out);
        ascii("}", out);
    }

    /** Appends one gap; in the full form with the stream and shard that it is in. */
    public static void write(Gap gap, Form form, ByteArrayOutputStream out) {
        ascii("{", out);
        if (form == Form.FULL) {
            field("stream", gap.shard().stream().value(), out);
            field("shardId", gap.shard().name(), out);
        }
        ascii("\"gap\":{", out);
        field("from", Long.toString(gap.fromInclusive()), out);
        field("to", Long.toString(gap.toExclusive()), out);
        ascii("\"records\":" + gap.records() + ",\"exact\":" + gap.exact() + ",", out);
        field("reason", gap.reason().text(), out);
        ascii("\"time\":\"" + IsoTime.text(gap.timeMillis()) + "\"}}", out);
    }

    /**
     * Reads one line. Fields that it does not know are passed over; stream, shardId and epoch too.
     *
     * @throws IllegalArgumentException saying what is wrong
     */
    public static RecordLine parse(Payload line) {
        return RecordLineParser.parse(line);
    }

    private static void attributes(Attributes attributes, ByteArrayOutputStream out) {
        ascii("\"attributes\":{", out);
        boolean[] first = {true};
        attributes.forEach((name, value) -> {
            if (!first[0]) {
                out.write(',');
            }
            first[0] = false;
            JsonText.quote(name, out);
            out.write(':');
            JsonText.quote(value, out);
        });
        ascii("},", out);
    }

    private static void data(Payload data, ByteArrayOutputStream out) {
        byte[] bytes = data.toBytes();
        if (JsonText.isSpliceable(data)) {
            ascii("\"data\":", out);
            out.writeBytes(bytes);
        } else {
            ascii("\"dataBase64\":\"", out);
            out.writeBytes(Base64.getEncoder().encode(bytes));
            ascii("\"", out);
        }
    }

    private static void field(String name, String value, ByteArrayOutputStream out) {
        ascii("\"" + name + "\":", out);
        JsonText.quote(value, out);
        out.write(',');
    }

    private static void ascii(String text, ByteArrayOutputStream out) {
        out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }
}
