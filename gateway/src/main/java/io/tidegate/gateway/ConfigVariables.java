package io.tidegate.gateway;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Puts the environment into a configuration: overrides such as {@code TIDEGATE__UPLINKS__0__URL}, and in values
 * {@code ${env:NAME}}, {@code ${env:NAME:-default}}, {@code ${file:PATH}} (its text without the last line end) and
 * {@code ${cred:NAME}} (a file of that name in $CREDENTIALS_DIRECTORY, as systemd hands them over).
 */
final class ConfigVariables {
    private static final String PREFIX = "TIDEGATE__";
    private static final int SECRET_BYTES_MAX = 64 << 10;
    private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{([a-zA-Z]+):([^}]*)}");
    private static final List<String> KINDS = List.of("env", "file", "cred");

    private final ConfigTree tree;
    private final Map<String, String> environment;

    private ConfigVariables(ConfigTree tree, Map<String, String> environment) {
        this.tree = tree;
        this.environment = environment;
    }

    /** Overrides first, so that an override may name a secret too. What is wrong becomes a problem of the tree. */
    static void apply(ConfigTree tree, Map<String, String> environment) {
        ConfigVariables variables = new ConfigVariables(tree, environment);
        new TreeMap<>(environment).forEach(variables::override);
        variables.expand("", tree.root());
    }

    private void override(String variable, String text) {
        if (!variable.startsWith(PREFIX)) {
            return;
        }
        String[] steps = variable.substring(PREFIX.length()).split("__", -1);
        JsonNode target = tree.root();
        String pointer = "";
        for (int i = 0; i < steps.length; i++) {
            String key = steps[i].toLowerCase(Locale.ROOT).replace('_', '-');
            boolean last = i == steps.length - 1;
            boolean nextIsIndex = !last && steps[i + 1].matches("[0-9]{1,4}");
            String child = ConfigTree.child(pointer, key);
            boolean isNew = last || child(target, key) == null;
            JsonNode placed = isNew
                    ? put(target, key, last ? YamlReader.scalar(text) : container(nextIsIndex))
                    : child(target, key);
            if (placed == null) {
                tree.valueAt(child, Place.ofVariable(variable));
                tree.problemWithValue(child, "found no place for '" + steps[i] + "', expected a key or a list index");
                return;
            }
            if (isNew) {
                tree.valueAt(child, Place.ofVariable(variable));
                tree.keyAt(child, Place.ofVariable(variable));
            }
            target = placed;
            pointer = child;
        }
        tree.writtenAs(pointer, text);
    }

    private static JsonNode container(boolean list) {
        return list ? JsonNodeFactory.instance.arrayNode() : JsonNodeFactory.instance.objectNode();
    }

    private static @Nullable JsonNode child(JsonNode target, String key) {
        if (target instanceof ArrayNode array) {
            return key.matches("[0-9]{1,4}") ? array.get(Integer.parseInt(key)) : null;
        }
        return target.get(key);
    }

    /** Returns the value once it is there; null if there is no such place: no key, or no index, or one too far. */
    private static @Nullable JsonNode put(JsonNode target, String key, JsonNode value) {
        if (target instanceof ObjectNode object) {
            object.set(key, value);
            return value;
        }
        if (target instanceof ArrayNode array && key.matches("[0-9]{1,4}")) {
            int index = Integer.parseInt(key);
            if (index < array.size()) {
                array.set(index, value);
                return value;
            }
            if (index == array.size()) {
                array.add(value);
                return value;
            }
        }
        return null;
    }

    private void expand(String pointer, JsonNode node) {
        if (node instanceof ObjectNode object) {
            for (String key : List.copyOf(object.propertyNames())) {
                String child = ConfigTree.child(pointer, key);
                JsonNode value = object.get(key);
                if (value.isString()) {
                    object.put(key, expanded(child, value.stringValue()));
                } else {
                    expand(child, value);
                }
            }
        } else if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                String child = pointer + "/" + i;
                JsonNode value = array.get(i);
                if (value.isString()) {
                    array.set(i, JsonNodeFactory.instance.stringNode(expanded(child, value.stringValue())));
                } else {
                    expand(child, value);
                }
            }
        }
    }

    private String expanded(String pointer, String text) {
        Matcher matcher = PLACEHOLDER.matcher(text);
        StringBuilder result = new StringBuilder();
        while (matcher.find()) {
            String value = resolved(pointer, matcher.group(), matcher.group(1), matcher.group(2));
            matcher.appendReplacement(result, Matcher.quoteReplacement(value));
        }
        return matcher.appendTail(result).toString();
    }

    private String resolved(String pointer, String whole, String kind, String name) {
        return switch (kind) {
            case "env" -> variable(pointer, whole, name);
            case "file" -> contents(pointer, whole, tree.directory().resolve(name));
            case "cred" -> credential(pointer, whole, name);
            default ->
                unresolved(
                        pointer,
                        "found " + whole + ", expected ${env:NAME}, ${file:PATH} or ${cred:NAME}"
                                + NearestWord.hint(kind, KINDS));
        };
    }

    private String variable(String pointer, String whole, String name) {
        int split = name.indexOf(":-");
        String value = environment.get(split < 0 ? name : name.substring(0, split));
        if (value != null) {
            return value;
        }
        return split >= 0
                ? name.substring(split + 2)
                : unresolved(pointer, "found " + whole + ", but that environment variable is not set");
    }

    private String credential(String pointer, String whole, String name) {
        String directory = environment.get("CREDENTIALS_DIRECTORY");
        if (directory == null) {
            return unresolved(
                    pointer, "found " + whole + ", but $CREDENTIALS_DIRECTORY is not set (systemd: LoadCredential=)");
        }
        if (!name.matches("[A-Za-z0-9._-]{1,255}") || name.startsWith("..")) {
            return unresolved(pointer, "found " + whole + ", expected the plain name of a credential");
        }
        return contents(pointer, whole, Path.of(directory).resolve(name));
    }

    private String contents(String pointer, String whole, Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                return unresolved(pointer, "found " + whole + ", but there is no file " + file);
            }
            if (Files.size(file) > SECRET_BYTES_MAX) {
                return unresolved(pointer, "found " + whole + ", but that file has more than 64 KiB");
            }
            return Files.readString(file).stripTrailing();
        } catch (IOException e) {
            return unresolved(pointer, "found " + whole + ", but the file could not be read: " + e.getMessage());
        }
    }

    private String unresolved(String pointer, String message) {
        tree.problemWithValue(pointer, message);
        return "";
    }
}
