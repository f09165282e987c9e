package io.tidegate.core.stream;

import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** Reads one line of {@link RecordJson}. Data is cut out of the line as it stands. Confined to one call. */
final class RecordLineParser {
    private static final JsonFactory JSON = new JsonFactory();

    private final byte[] line;
    private final JsonParser parser;
    private final Map<String, String> strings = new HashMap<>();
    private Attributes attributes = Attributes.NONE;
    private @Nullable Payload data;
    private RecordLine.@Nullable OfGap gap;

    private RecordLineParser(byte[] line, JsonParser parser) {
        this.line = line;
        this.parser = parser;
    }

    static RecordLine parse(Payload payload) {
        byte[] line = payload.toBytes();
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), line)) {
            return new RecordLineParser(line, parser).line();
        } catch (JacksonException e) {
            throw new IllegalArgumentException("not a line of JSON: " + e.getOriginalMessage(), e);
        }
    }

    private RecordLine line() {
        expect(parser.nextToken(), JsonToken.START_OBJECT, "the line");
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (name) {
                case "attributes" -> attributes = attributes(value);
                case "data" -> data = cutObject(value);
                case "gap" -> gap = gap(value);
                default -> keepString(name, value);
            }
        }
        if (parser.nextToken() != null) {
            throw new IllegalArgumentException("more than one JSON value in a line");
        }
        return gap != null ? gap : record();
    }

    private RecordLine record() {
        String base64 = strings.get("dataBase64");
        Payload bytes = data;
        if (bytes == null) {
            if (base64 == null) {
                throw new IllegalArgumentException("field 'data' or 'dataBase64' is missing");
            }
            bytes = Payload.wrap(Base64.getDecoder().decode(base64));
        }
        String explicit = strings.get("explicitHashKey");
        return new RecordLine.Of(
                number(strings, "sequenceNumber"),
                need(strings, "partitionKey"),
                explicit == null ? null : HashKey.parse(explicit),
                IsoTime.parse(need(strings, "arrivalTime")),
                IsoTime.parse(need(strings, "eventTime")),
                EventTimeFrom.parse(need(strings, "eventTimeFrom")),
                need(strings, "contentType"),
                attributes,
                strings.get("media"),
                bytes);
    }

    private Payload cutObject(JsonToken value) {
        expect(value, JsonToken.START_OBJECT, "field 'data'");
        int from = (int) parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
        int to = (int) parser.currentLocation().getByteOffset();
        return Payload.wrap(line, from, to - from);
    }

    private Attributes attributes(JsonToken value) {
        expect(value, JsonToken.START_OBJECT, "field 'attributes'");
        Map<String, String> read = new HashMap<>();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            expect(parser.nextToken(), JsonToken.VALUE_STRING, "attribute '" + name + "'");
            read.put(name, parser.getString());
        }
        return Attributes.of(read);
    }

    private RecordLine.OfGap gap(JsonToken value) {
        expect(value, JsonToken.START_OBJECT, "field 'gap'");
        Map<String, String> read = new HashMap<>();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            if (parser.nextToken().isScalarValue()) {
                read.put(name, parser.getString());
            } else {
                parser.skipChildren();
            }
        }
        return new RecordLine.OfGap(
                number(read, "from"),
                number(read, "to"),
                number(read, "records"),
                Boolean.parseBoolean(need(read, "exact")),
                GapReason.parse(need(read, "reason")),
                IsoTime.parse(need(read, "time")));
    }

    private void keepString(String name, JsonToken value) {
        if (value == JsonToken.VALUE_STRING) {
            strings.put(name, parser.getString());
        } else {
            parser.skipChildren();
        }
    }

    private static String need(Map<String, String> fields, String name) {
        String value = fields.get(name);
        if (value == null) {
            throw new IllegalArgumentException("field '" + name + "' is missing or not a string");
        }
        return value;
    }

    private static long number(Map<String, String> fields, String name) {
        String text = need(fields, name);
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("field '" + name + "' must be a number, found '" + text + "'", e);
        }
    }

    private static void expect(@Nullable JsonToken found, JsonToken expected, String what) {
        if (found != expected) {
            throw new IllegalArgumentException(what + " must be " + expected + ", found " + found);
        }
    }
}
