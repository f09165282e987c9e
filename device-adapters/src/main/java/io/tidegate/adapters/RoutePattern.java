package io.tidegate.adapters;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The match of a route, ready to be tried. Immutable. */
final class RoutePattern {
    private static final Pattern NAME = Pattern.compile("\\{([a-zA-Z][a-zA-Z0-9_-]{0,31})(\\+)?}");
    private static final int LEVELS_MAX = 64;

    private enum What {
        WORD,
        ONE,
        REST_OR_NOTHING,
        REST
    }

    /** One level of the pattern. The text is the word, or the name that takes the level; empty: taken by no name. */
    private record Level(What what, String text) {}

    private final ChannelKind kind;
    private final List<Level> levels;

    private RoutePattern(ChannelKind kind, List<Level> levels) {
        this.kind = kind;
        this.levels = List.copyOf(levels);
    }

    static RoutePattern parse(String match) {
        int colon = match.indexOf(':');
        ChannelKind kind = colon < 0 ? null : kind(match.substring(0, colon));
        if (kind == null) {
            throw new IllegalArgumentException(
                    "match must start with mqtt:, coap: or http:, for example mqtt:plant/{device}, found '" + match
                            + "'");
        }
        String[] parts = match.substring(colon + 1).split("/", -1);
        if (parts.length > LEVELS_MAX) {
            throw new IllegalArgumentException(
                    "match must have at most " + LEVELS_MAX + " levels, found " + parts.length);
        }
        List<Level> levels = new ArrayList<>();
        Set<String> seen = new LinkedHashSet<>();
        for (int i = 0; i < parts.length; i++) {
            Level level = level(match, parts[i]);
            boolean last = i == parts.length - 1;
            if (!last && (level.what == What.REST || level.what == What.REST_OR_NOTHING)) {
                throw new IllegalArgumentException(
                        "match '" + match + "' has '" + parts[i] + "' before its end: the rest comes last");
            }
            if (level.what != What.WORD && !level.text.isEmpty() && !seen.add(level.text)) {
                throw new IllegalArgumentException("match '" + match + "' has {" + level.text + "} twice");
            }
            levels.add(level);
        }
        return new RoutePattern(kind, levels);
    }

    private static @Nullable ChannelKind kind(String text) {
        for (ChannelKind kind : ChannelKind.values()) {
            if (kind.text().equals(text)) {
                return kind;
            }
        }
        return null;
    }

    private static Level level(String match, String part) {
        if (part.equals("+")) {
            return new Level(What.ONE, "");
        }
        if (part.equals("#")) {
            return new Level(What.REST_OR_NOTHING, "");
        }
        Matcher name = NAME.matcher(part);
        if (name.matches()) {
            return new Level(name.group(2) == null ? What.ONE : What.REST, name.group(1));
        }
        for (char special : new char[] {'{', '}', '+', '#'}) {
            if (part.indexOf(special) >= 0) {
                throw new IllegalArgumentException(
                        "match '" + match + "': a level is a word, {name}, {name+}, + or #," + " found '" + part + "'");
            }
        }
        return new Level(What.WORD, part);
    }

    ChannelKind kind() {
        return kind;
    }

    /** The names that a match gives values to. */
    Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        for (Level level : levels) {
            if (level.what != What.WORD && !level.text.isEmpty()) {
                names.add(level.text);
            }
        }
        return names;
    }

    /**
     * The values of the names, or null if the path does not match. As in MQTT (5.0, section 4.7.2), a first level that
     * starts with {@code $} is matched by a word only.
     *
     * @param parts the path, split at its slashes
     */
    @Nullable
    Map<String, String> match(String[] parts) {
        Map<String, String> values = Map.of();
        for (int i = 0; i < levels.size(); i++) {
            Level level = levels.get(i);
            if (i == 0 && parts[0].startsWith("$") && level.what != What.WORD) {
                return null;
            }
            boolean there = i < parts.length;
            switch (level.what) {
                case WORD -> {
                    if (!there || !level.text.equals(parts[i])) {
                        return null;
                    }
                }
                case ONE -> {
                    if (!there) {
                        return null;
                    }
                    values = with(values, level.text, parts[i]);
                }
                case REST_OR_NOTHING -> {
                    return values;
                }
                case REST -> {
                    if (!there) {
                        return null;
                    }
                    List<String> rest = List.of(parts).subList(i, parts.length);
                    return with(values, level.text, String.join("/", rest));
                }
            }
        }
        return parts.length == levels.size() ? values : null;
    }

    private static Map<String, String> with(Map<String, String> values, String name, String value) {
        if (name.isEmpty()) {
            return values;
        }
        Map<String, String> more = values.isEmpty() ? new HashMap<>() : values;
        more.put(name, value);
        return more;
    }
}
