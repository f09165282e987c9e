package io.tidegate.gateway.http;

import io.tidegate.core.stream.Attributes;
import io.tidegate.core.stream.ContentTypes;
import io.tidegate.core.stream.EventTimeFrom;
import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.IsoTime;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads one line of a POST of records:
 *
 * <pre>
 * {"partitionKey":"press-3","explicitHashKey":"0","eventTime":"2026-11-23T01:02:03.100Z","contentType":"application/json",
 *  "attributes":{"device":"press-3"},"data":{"temp":41.2}}
 * </pre>
 *
 * <p>Only {@code partitionKey} and one of {@code data} (an object, kept byte for byte) and {@code dataBase64} are
 * needed. A field that it does not know is an error: it would be lost. Confined to one call.
 */
final class PutLine {
    private static final JsonFactory JSON = new JsonFactory();

    private final byte[] line;
    private final JsonParser parser;
    private final Map<String, String> strings = new HashMap<>();
    private Attributes attributes = Attributes.NONE;
    private @Nullable Payload data;

    private PutLine(byte[] line, JsonParser parser) {
        this.line = line;
        this.parser = parser;
    }

    /** Throws IllegalArgumentException saying what is wrong with the line. */
    static NewRecord parse(StreamName stream, byte[] line) {
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), line)) {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(line));
            return new PutLine(line, parser).record(stream);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("not valid UTF-8", e);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("not a line of JSON: " + JsonFault.of(e), e);
        }
    }

    private NewRecord record(StreamName stream) {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("a line must be a JSON object");
        }
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            field(name, parser.nextToken());
        }
        if (parser.nextToken() != null) {
            throw new IllegalArgumentException("more than one JSON value in a line");
        }
        String key = strings.get("partitionKey");
        if (key == null) {
            throw new IllegalArgumentException("field 'partitionKey' is missing");
        }
        String hash = strings.get("explicitHashKey");
        String time = strings.get("eventTime");
        String type = strings.get("contentType");
        String defaultType = data == null ? ContentTypes.OCTETS : ContentTypes.JSON;
        return new NewRecord(
                stream,
                key,
                hash == null ? null : HashKey.parse(hash),
                time == null ? null : time(time),
                time == null ? EventTimeFrom.ARRIVAL : EventTimeFrom.DEVICE,
                type == null ? defaultType : type,
                attributes,
                bytes(),
                null);
    }

    private static long time(String text) {
        try {
            return IsoTime.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("field 'eventTime': " + e.getMessage(), e);
        }
    }

    private Payload bytes() {
        String base64 = strings.get("dataBase64");
        Payload object = data;
        if (object != null) {
            if (base64 != null) {
                throw new IllegalArgumentException("either 'data' or 'dataBase64', found both");
            }
            return object;
        }
        if (base64 == null) {
            throw new IllegalArgumentException("field 'data' or 'dataBase64' is missing");
        }
        try {
            return Payload.wrap(Base64.getDecoder().decode(base64));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("field 'dataBase64' is not base64: " + e.getMessage(), e);
        }
    }

    private void field(String name, JsonToken value) {
        switch (name) {
            case "partitionKey", "explicitHashKey", "eventTime", "contentType", "dataBase64" -> string(name, value);
            case "attributes" -> attributes = attributes(value);
            case "data" -> data = cutObject(value);
            default ->
                throw new IllegalArgumentException("unknown field '" + name
                        + "', expected partitionKey, explicitHashKey, eventTime, contentType, attributes, data or"
                        + " dataBase64");
        }
    }

    private void string(String name, JsonToken value) {
        if (value == JsonToken.VALUE_STRING) {
            strings.put(name, parser.getString());
        } else if (value != JsonToken.VALUE_NULL) {
            throw new IllegalArgumentException("field '" + name + "' must be a string");
        }
    }

    private Payload cutObject(JsonToken value) {
        if (value != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("field 'data' must be a JSON object; send other bytes as 'dataBase64'");
        }
        int from = (int) parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
        int to = (int) parser.currentLocation().getByteOffset();
        return Payload.wrap(line, from, to - from);
    }

    private Attributes attributes(JsonToken value) {
        if (value != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("field 'attributes' must be an object of strings");
        }
        Map<String, String> read = new HashMap<>();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            if (parser.nextToken() != JsonToken.VALUE_STRING) {
                throw new IllegalArgumentException("attribute '" + name + "' must be a string");
            }
            read.put(name, parser.getString());
        }
        return Attributes.of(read);
    }
}
