package io.tidegate.gateway.http;

import java.util.LinkedHashMap;
import java.util.Map;

/** The named parts of a path, decoded. Confined to one request. */
final class PathParameters {
    private final Map<String, String> values = new LinkedHashMap<>();

    void put(String name, String value) {
        values.put(name, value);
    }

    /** The part; a name that the route's pattern does not have is a mistake of ours. */
    String get(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalStateException("the route has no part '" + name + "'");
        }
        return value;
    }

    String getOr(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }
}
