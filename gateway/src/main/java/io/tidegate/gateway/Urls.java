package io.tidegate.gateway;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import tools.jackson.databind.JsonNode;

/** Text on its way into a URL or onto a screen. */
final class Urls {
    private Urls() {}

    /** One part of a path or the value of a query parameter. */
    static String part(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** A string without its quotes; anything else as JSON. */
    static String plain(JsonNode node) {
        return node.isString() ? node.stringValue() : node.toString();
    }
}
