package io.tidegate.adapters;

import io.tidegate.core.stream.NewRecord;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A partition key with holes, which the names of a match fill: <code>${device}/${metric}</code>. Immutable. */
final class KeyTemplate {
    /** The name that is always there: the whole topic or path. */
    static final String TOPIC = "topic";

    /** A piece of text, or a name whose value stands here. */
    private record Part(boolean name, String text) {}

    private final List<Part> parts;

    private KeyTemplate(List<Part> parts) {
        this.parts = List.copyOf(parts);
    }

    /** Throws IllegalArgumentException if a name is not among those given, nor {@code topic}. */
    static KeyTemplate parse(String text, Set<String> names) {
        List<Part> parts = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            int open = text.indexOf("${", at);
            if (open < 0) {
                parts.add(new Part(false, text.substring(at)));
                break;
            }
            int close = text.indexOf('}', open);
            if (close < 0) {
                throw new IllegalArgumentException("partition-key has a ${ without }, found '" + text + "'");
            }
            String name = text.substring(open + 2, close);
            if (!names.contains(name) && !name.equals(TOPIC)) {
                throw new IllegalArgumentException("partition-key uses ${" + name + "}, which the match does not have;"
                        + " it has " + names + " and topic");
            }
            if (open > at) {
                parts.add(new Part(false, text.substring(at, open)));
            }
            parts.add(new Part(true, name));
            at = close + 1;
        }
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("partition-key must not be empty");
        }
        return new KeyTemplate(parts);
    }

    String fill(Map<String, String> values, String topic) {
        StringBuilder key = new StringBuilder();
        for (Part part : parts) {
            if (!part.name) {
                key.append(part.text);
            } else {
                key.append(values.getOrDefault(part.text, topic));
            }
        }
        return fit(key.toString());
    }

    /** A text as a partition key: an empty one is {@code /}, one over 256 characters its SHA-256 in hex. */
    static String fit(String key) {
        if (key.isEmpty()) {
            return "/";
        }
        if (key.length() <= NewRecord.PARTITION_KEY_LENGTH_MAX) {
            return key;
        }
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
