package io.tidegate.gateway;

import io.tidegate.core.runtime.DataSize;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The keys under one heading of a configuration, read one by one. What the schema has complained about, and what is
 * wrong with a value here, reads as its default, so that reading goes on and finds every mistake.
 *
 * <p>Confined to one thread.
 */
final class Section {
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h|d)");

    private final ConfigTree tree;
    private final String pointer;
    private final JsonNode node;

    private Section(ConfigTree tree, String pointer, JsonNode node) {
        this.tree = tree;
        this.pointer = pointer;
        this.node = node;
    }

    static Section root(ConfigTree tree) {
        return new Section(tree, "", tree.root());
    }

    /** The keys below; none if there is no such section. */
    Section section(String key) {
        JsonNode child = node.path(key);
        return new Section(tree, at(key), child instanceof ObjectNode ? child : JsonNodeFactory.instance.objectNode());
    }

    /** The items of a list of sections; an item that is no section is left out, the schema has complained. */
    List<Section> list(String key) {
        List<Section> sections = new ArrayList<>();
        JsonNode list = node.path(key);
        for (int i = 0; i < list.size(); i++) {
            if (list.get(i) instanceof ObjectNode item) {
                sections.add(new Section(tree, at(key) + "/" + i, item));
            }
        }
        return sections;
    }

    boolean has(String key) {
        return node.has(key);
    }

    @Nullable
    String text(String key) {
        JsonNode value = node.path(key);
        return value.isString() && !tree.hasProblem(at(key)) ? value.stringValue() : null;
    }

    String text(String key, String absent) {
        String value = text(key);
        return value == null ? absent : value;
    }

    List<String> texts(String key) {
        List<String> texts = new ArrayList<>();
        node.path(key).forEach(item -> {
            if (item.isString()) {
                texts.add(item.stringValue());
            }
        });
        return texts;
    }

    boolean flag(String key, boolean absent) {
        JsonNode value = node.path(key);
        return value.isBoolean() ? value.booleanValue() : absent;
    }

    int number(String key, int absent) {
        JsonNode value = node.path(key);
        return value.isIntegralNumber() && value.canConvertToInt() && !tree.hasProblem(at(key))
                ? value.intValue()
                : absent;
    }

    Duration duration(String key, Duration absent) {
        String text = text(key);
        return text == null ? absent : parseDuration(text);
    }

    /** Only for text that the schema has let through. */
    static Duration parseDuration(String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("expected a duration such as 20ms, 5s, 24h or 7d, found '" + text + "'");
        }
        long number = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(number);
            case "s" -> Duration.ofSeconds(number);
            case "m" -> Duration.ofMinutes(number);
            case "h" -> Duration.ofHours(number);
            case "d" -> Duration.ofDays(number);
            default -> throw new IllegalArgumentException("unknown unit in '" + text + "'");
        };
    }

    long size(String key, long absent) {
        JsonNode value = node.path(key);
        if (value.isMissingNode() || tree.hasProblem(at(key))) {
            return absent;
        }
        return checked(key, () -> DataSize.parse(value.asString()).bytes()).orElse(absent);
    }

    /** A URL of one of these schemes with a host. */
    Optional<URI> url(String key, List<String> schemes) {
        String text = text(key);
        if (text == null) {
            return Optional.empty();
        }
        String expected = ", expected a URL that starts with " + String.join(":// or ", schemes) + "://";
        try {
            URI url = new URI(text);
            String scheme = url.getScheme() == null ? "" : url.getScheme();
            if (!schemes.contains(scheme)) {
                problem(key, "found " + quoted(key) + expected + NearestWord.hint(scheme, schemes));
            } else if (url.getHost() == null || url.getHost().isEmpty()) {
                problem(key, "found " + quoted(key) + " without a host" + expected + "HOST");
            } else {
                return Optional.of(url);
            }
        } catch (URISyntaxException e) {
            problem(key, "found " + quoted(key) + expected);
        }
        return Optional.empty();
    }

    /** An existing file; a relative path starts at the configuration's directory. */
    Optional<Path> file(String key) {
        String text = text(key);
        if (text == null) {
            return Optional.empty();
        }
        Path file = tree.directory().resolve(text).normalize();
        if (!Files.isReadable(file) || Files.isDirectory(file)) {
            problem(key, "found no readable file '" + file + "', expected one there");
            return Optional.empty();
        }
        return Optional.of(file);
    }

    Path resolve(String path) {
        return tree.directory().resolve(path).normalize();
    }

    /** What the factory makes; empty, with a problem at the key, if it throws IllegalArgumentException. */
    <T> Optional<T> checked(String key, Supplier<T> factory) {
        try {
            return Optional.of(factory.get());
        } catch (IllegalArgumentException e) {
            problem(key, String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    /** The same for the section as a whole; says nothing if something in it is known to be wrong. */
    <T> Optional<T> checked(Supplier<T> factory) {
        try {
            return Optional.of(factory.get());
        } catch (IllegalArgumentException e) {
            if (!tree.hasProblem(pointer)) {
                tree.problemWithValue(pointer, String.valueOf(e.getMessage()));
            }
            return Optional.empty();
        }
    }

    void problem(String key, String message) {
        tree.problemWithValue(at(key), message);
    }

    /** A mistake in a file that the configuration names. */
    void problemElsewhere(Place place, String message) {
        tree.problems().add(new ConfigProblem(place, message));
    }

    boolean hasProblem(String key) {
        return tree.hasProblem(at(key));
    }

    /** As it stands in the file: a secret that was put in stays out. */
    String quoted(String key) {
        return "'" + tree.written(at(key)) + "'";
    }

    Place place(String key) {
        return tree.placeOfValue(at(key));
    }

    private String at(String key) {
        return ConfigTree.child(pointer, key);
    }
}
