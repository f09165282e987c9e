package io.tidegate.gateway.http;

import io.tidegate.core.stream.Payload;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The JSON object of a request that changes something: every field is known, and of the type that is asked for. */
record SmallBody(JsonNode fields) {
    static SmallBody parse(Payload text) {
        try {
            JsonNode parsed = text.length() == 0
                    ? JsonMapper.shared().createObjectNode()
                    : JsonMapper.shared().readTree(text.toBytes());
            if (parsed.isObject()) {
                return new SmallBody(parsed);
            }
        } catch (JacksonException e) {
            throw invalid("the body must be a JSON object: " + e.getOriginalMessage());
        }
        throw invalid("the body must be a JSON object");
    }

    private static HttpProblemException invalid(String detail) {
        return new HttpProblemException(400, "invalid-parameter", detail);
    }

    /** Fields that nobody knows are mistakes. */
    void allow(Set<String> names, String... more) {
        TreeSet<String> known = new TreeSet<>(names);
        known.addAll(Set.of(more));
        for (String name : fields.propertyNames()) {
            if (!known.contains(name)) {
                throw invalid("found the field '" + name + "', expected some of " + String.join(", ", known));
            }
        }
    }

    boolean has(String name) {
        return fields.has(name);
    }

    boolean isNull(String name) {
        return fields.path(name).isNull();
    }

    String text(String name) {
        JsonNode value = fields.path(name);
        if (!value.isString()) {
            throw invalid("field '" + name + "' must be a string, found " + (has(name) ? value : "none"));
        }
        return value.stringValue();
    }

    int number(String name) {
        JsonNode value = fields.path(name);
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw invalid("field '" + name + "' must be a whole number, found " + (has(name) ? value : "none"));
        }
        return value.intValue();
    }

    long longNumber(String name) {
        JsonNode value = fields.path(name);
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw invalid("field '" + name + "' must be a whole number, found " + (has(name) ? value : "none"));
        }
        return value.longValue();
    }

    /** What a value class says is wrong is the client's to hear. */
    <T> T checked(Supplier<T> made) {
        try {
            return made.get();
        } catch (IllegalArgumentException e) {
            throw invalid(String.valueOf(e.getMessage()));
        }
    }
}
