package io.tidegate.uplink.http;

import io.tidegate.core.stream.JsonText;
import io.tidegate.core.stream.Payload;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * A small JSON object, as the contract uses them beside records. Numbers are kept as their text. Immutable. Every
 * method that reads throws IllegalArgumentException naming the field that is missing or of another type.
 */
final class JsonObject {
    private static final int DEPTH_MAX = 8;
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(DEPTH_MAX).build())
            .build();

    private final Map<String, Object> fields;

    private JsonObject(Map<String, Object> fields) {
        this.fields = fields;
    }

    static JsonObject parse(Payload text) {
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), text.toBytes())) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException("expected a JSON object");
            }
            JsonObject object = object(parser);
            if (parser.nextToken() != null) {
                throw new IllegalArgumentException("more than one JSON value");
            }
            return object;
        } catch (JacksonException e) {
            throw new IllegalArgumentException("not JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static JsonObject object(JsonParser parser) {
        Map<String, Object> fields = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            Object value = value(parser.nextToken(), parser);
            if (value != null) {
                fields.put(name, value);
            }
        }
        return new JsonObject(fields);
    }

    private static @Nullable Object value(JsonToken token, JsonParser parser) {
        if (token == JsonToken.START_OBJECT) {
            return object(parser);
        }
        if (token == JsonToken.START_ARRAY) {
            List<Object> list = new ArrayList<>();
            for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
                Object element = value(next, parser);
                if (element != null) {
                    list.add(element);
                }
            }
            return list;
        }
        if (token == JsonToken.VALUE_TRUE || token == JsonToken.VALUE_FALSE) {
            return token == JsonToken.VALUE_TRUE;
        }
        return token == JsonToken.VALUE_NULL ? null : parser.getString();
    }

    /** A string or the text of a number. */
    String text(String name) {
        return optionalText(name)
                .orElseThrow(() -> new IllegalArgumentException("field '" + name + "' is missing or not a string"));
    }

    Optional<String> optionalText(String name) {
        return fields.get(name) instanceof String text ? Optional.of(text) : Optional.empty();
    }

    long number(String name) {
        String text = text(name);
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("field '" + name + "' must be a number, found '" + text + "'", e);
        }
    }

    /** False if the field is missing. */
    boolean flag(String name) {
        return fields.get(name) instanceof Boolean flag && flag;
    }

    Optional<JsonObject> child(String name) {
        return fields.get(name) instanceof JsonObject child ? Optional.of(child) : Optional.empty();
    }

    List<JsonObject> children(String name) {
        if (!(fields.get(name) instanceof List<?> list)) {
            throw new IllegalArgumentException("field '" + name + "' is missing or not a list");
        }
        List<JsonObject> children = new ArrayList<>();
        for (Object element : list) {
            if (!(element instanceof JsonObject child)) {
                throw new IllegalArgumentException("field '" + name + "' must hold objects only");
            }
            children.add(child);
        }
        return children;
    }

    /** Strings; none if the field is missing. */
    List<String> texts(String name) {
        List<String> texts = new ArrayList<>();
        if (fields.get(name) instanceof List<?> list) {
            for (Object element : list) {
                if (!(element instanceof String text)) {
                    throw new IllegalArgumentException("field '" + name + "' must hold strings only");
                }
                texts.add(text);
            }
        }
        return texts;
    }

    /** A string with its quotes. */
    static String quoted(String text) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        JsonText.quote(text, out);
        return out.toString(StandardCharsets.UTF_8);
    }
}
