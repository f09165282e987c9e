package io.tidegate.analytics;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The JSON fields that a rule names, as a tree of names; each asked-for field has a slot in the row. Built once. */
final class FieldTree {
    static final int NO_SLOT = -1;

    private final Map<String, FieldTree> children = new HashMap<>();
    private int slot = NO_SLOT;
    private SqlType type = SqlType.ANY;

    /**
     * The slot of a field, a new one if the field has none yet.
     *
     * @param next the number of slots given so far
     */
    int slotOf(List<String> path, SqlType fieldType, int next) {
        FieldTree node = this;
        for (String name : path) {
            node = node.children.computeIfAbsent(name, unused -> new FieldTree());
        }
        if (node.slot == NO_SLOT) {
            node.slot = next;
            node.type = fieldType;
        }
        return node.slot;
    }

    @Nullable
    FieldTree child(String name) {
        return children.get(name);
    }

    boolean hasChildren() {
        return !children.isEmpty();
    }

    int slot() {
        return slot;
    }

    SqlType type() {
        return type;
    }
}
