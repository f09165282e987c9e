package io.tidegate.gateway;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * A configuration as it was written: the tree of values, and for each, by JSON pointer, where its key and its value
 * stand and how it read before secrets were put in. Collects problems.
 *
 * <p>Confined to one thread.
 */
final class ConfigTree {
    private final Path file;
    private final Map<String, Place> keys = new HashMap<>();
    private final Map<String, Place> values = new HashMap<>();
    private final Map<String, String> written = new HashMap<>();
    private final List<ConfigProblem> problems = new ArrayList<>();
    private final List<String> problemPointers = new ArrayList<>();
    private ObjectNode root;

    ConfigTree(Path file, ObjectNode root) {
        this.file = file;
        this.root = root;
        values.put("", new Place(file.toString(), 1, 1));
    }

    ObjectNode root() {
        return root;
    }

    void root(ObjectNode changed) {
        root = changed;
    }

    /** What a relative path in the configuration is relative to. */
    Path directory() {
        Path parent = file.toAbsolutePath().getParent();
        return parent == null ? file.toAbsolutePath() : parent;
    }

    void keyAt(String pointer, Place place) {
        keys.put(pointer, place);
    }

    void valueAt(String pointer, Place place) {
        values.put(pointer, place);
    }

    void writtenAs(String pointer, String text) {
        written.put(pointer, text);
    }

    /** How the value read in the file, before secrets were put in. */
    @Nullable
    String written(String pointer) {
        return written.get(pointer);
    }

    Place placeOfKey(String pointer) {
        Place place = keys.get(pointer);
        return place == null ? placeOfValue(pointer) : place;
    }

    /** Where the value stands, or what it would stand in. */
    Place placeOfValue(String pointer) {
        Place place = values.get(pointer);
        if (place != null) {
            return place;
        }
        int slash = pointer.lastIndexOf('/');
        return slash <= 0 ? new Place(file.toString(), 1, 1) : placeOfValue(pointer.substring(0, slash));
    }

    void problemWithValue(String pointer, String message) {
        problemPointers.add(pointer);
        problems.add(new ConfigProblem(placeOfValue(pointer), message));
    }

    void problemWithKey(String pointer, String message) {
        problemPointers.add(pointer);
        problems.add(new ConfigProblem(placeOfKey(pointer), message));
    }

    /** Whether something at or below this pointer is wrong already, so that a second complaint would only confuse. */
    boolean hasProblem(String pointer) {
        return problemPointers.stream().anyMatch(known -> known.equals(pointer) || known.startsWith(pointer + "/"));
    }

    List<ConfigProblem> problems() {
        return problems;
    }

    static String child(String pointer, String key) {
        return pointer + "/" + key.replace("~", "~0").replace("/", "~1");
    }
}
