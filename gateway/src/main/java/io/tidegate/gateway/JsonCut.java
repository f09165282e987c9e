package io.tidegate.gateway;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Values cut out of a JSON text as they stand in it: a number such as 1.10 or 1e400 is no double, and what a device sent
 * is shown as it was sent. Stateless.
 */
final class JsonCut {
    private static final JsonFactory JSON = new JsonFactory();

    private JsonCut() {}

    /** The elements of the array that is this field of the object; empty if there is none. */
    static List<String> elements(String object, String field) {
        List<String> found = new ArrayList<>();
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), object)) {
            if (find(parser, field) == JsonToken.START_ARRAY) {
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    found.add(cut(parser, object));
                }
            }
        }
        return found;
    }

    /** The value of this field of the object, null if there is none. */
    static @Nullable String value(String object, String field) {
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), object)) {
            return find(parser, field) == null ? null : cut(parser, object);
        }
    }

    private static @Nullable JsonToken find(JsonParser parser, String field) {
        parser.nextToken();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            boolean wanted = parser.currentName().equals(field);
            JsonToken value = parser.nextToken();
            if (wanted) {
                return value;
            }
            parser.skipChildren();
        }
        return null;
    }

    private static String cut(JsonParser parser, String text) {
        int from = (int) parser.currentTokenLocation().getCharOffset();
        parser.skipChildren();
        parser.finishToken();
        return text.substring(from, (int) parser.currentLocation().getCharOffset());
    }
}
