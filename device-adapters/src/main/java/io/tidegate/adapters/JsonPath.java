package io.tidegate.adapters;

import io.tidegate.core.stream.Payload;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** The way to one value in JSON data: {@code $.params.time}, {@code $.values[0]}, {@code $['odd name']}. Immutable. */
final class JsonPath {
    private static final Pattern STEP =
            Pattern.compile("\\.([^.\\[\\]'\\s]{1,128})|\\['([^']{1,128})']|\\[([0-9]{1,6})]");
    private static final int STEPS_MAX = 16;

    /** A number or a text in JSON. */
    record Scalar(String text, boolean isNumber) {}

    /** A property's name, or if that is null the index of an element. */
    private record Step(@Nullable String name, int index) {}

    private final List<Step> steps;

    private JsonPath(List<Step> steps) {
        this.steps = List.copyOf(steps);
    }

    /**
     * Throws IllegalArgumentException saying what was found.
     *
     * @param field the setting that holds the path, for the message
     */
    static JsonPath parse(String field, String text) {
        List<Step> steps = new ArrayList<>();
        int at = 1;
        Matcher matcher = STEP.matcher(text);
        while (text.startsWith("$") && at < text.length() && matcher.find(at) && matcher.start() == at) {
            if (matcher.group(3) != null) {
                steps.add(new Step(null, Integer.parseInt(matcher.group(3))));
            } else {
                steps.add(new Step(matcher.group(1) != null ? matcher.group(1) : matcher.group(2), 0));
            }
            at = matcher.end();
        }
        if (steps.isEmpty() || at != text.length() || steps.size() > STEPS_MAX) {
            throw new IllegalArgumentException(
                    field + " must be a path such as $.seq, $.params.time or $.values[0], found '" + text + "'");
        }
        return new JsonPath(steps);
    }

    /** The number or text at this path; null: there is none. The data must be valid JSON. */
    @Nullable
    Scalar find(Payload json) {
        try (JsonParser parser = JsonText.parser(json.toBytes())) {
            JsonToken token = parser.nextToken();
            for (Step step : steps) {
                token = step.name != null ? property(parser, token, step.name) : element(parser, token, step.index);
                if (token == null) {
                    return null;
                }
            }
            if (token == null || (token != JsonToken.VALUE_STRING && !token.isNumeric())) {
                return null;
            }
            return new Scalar(parser.getString(), token.isNumeric());
        } catch (JacksonException e) {
            // Valid JSON that is beyond a limit of the parser, such as a name of 50,000 characters.
            return null;
        }
    }

    private static @Nullable JsonToken property(JsonParser parser, @Nullable JsonToken token, String name) {
        if (token != JsonToken.START_OBJECT) {
            return null;
        }
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            boolean found = name.equals(parser.currentName());
            JsonToken value = parser.nextToken();
            if (found) {
                return value;
            }
            parser.skipChildren();
        }
        return null;
    }

    private static @Nullable JsonToken element(JsonParser parser, @Nullable JsonToken token, int index) {
        if (token != JsonToken.START_ARRAY) {
            return null;
        }
        JsonToken value = parser.nextToken();
        for (int i = 0; value != null && value != JsonToken.END_ARRAY; i++) {
            if (i == index) {
                return value;
            }
            parser.skipChildren();
            value = parser.nextToken();
        }
        return null;
    }
}
