package io.tidegate.gateway;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.path.NodePath;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Holds a configuration against {@code gateway.schema.json} and says every deviation in words: the schema's titles are
 * what was expected. Values of keys marked {@code writeOnly} are secrets and are never quoted.
 */
final class SchemaCheck {
    private static final String RESOURCE = "/io/tidegate/gateway/gateway.schema.json";
    private static final int QUOTE_LENGTH_MAX = 60;

    private final JsonNode document;
    private final Schema schema;

    SchemaCheck() {
        try (InputStream in = SchemaCheck.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IllegalStateException("the schema " + RESOURCE + " is not in the jar");
            }
            document = JsonMapper.shared().readTree(in);
        } catch (IOException e) {
            throw new IllegalStateException("the schema " + RESOURCE + " could not be read", e);
        }
        schema = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(document);
    }

    void check(ConfigTree tree) {
        for (Error error : schema.validate(tree.root())) {
            String pointer = pointer(error.getInstanceLocation());
            String keyword = error.getKeyword();
            if (keyword.equals("additionalProperties")) {
                unknownKey(tree, pointer, error);
            } else if (keyword.equals("required")) {
                missingKey(tree, pointer, error);
            } else if (!tree.hasProblem(pointer)) {
                tree.problemWithValue(
                        pointer, found(tree, pointer, error) + ", expected " + expected(tree, pointer, error));
            }
        }
    }

    private void unknownKey(ConfigTree tree, String pointer, Error error) {
        List<String> known =
                new ArrayList<>(new TreeSet<>(around(error).path("properties").propertyNames()));
        String key = error.getProperty();
        tree.problemWithKey(
                ConfigTree.child(pointer, key),
                "found the unknown key '" + key + "', expected one of " + String.join(", ", known)
                        + NearestWord.hint(key, known));
    }

    private void missingKey(ConfigTree tree, String pointer, Error error) {
        String key = error.getProperty();
        JsonNode wanted = resolved(around(error).path("properties").path(key));
        tree.problemWithValue(
                ConfigTree.child(pointer, key),
                "found no '" + key + "', expected " + describe(wanted) + " under that key");
    }

    private String found(ConfigTree tree, String pointer, Error error) {
        JsonNode value = error.getInstanceNode();
        if (value.isObject()) {
            return "found keys";
        }
        if (value.isArray()) {
            return value.isEmpty() ? "found an empty list" : "found a list";
        }
        String text = tree.written(pointer);
        boolean secret = around(error).path("writeOnly").asBoolean(false);
        if (secret || text == null) {
            return "found a value that does not fit";
        }
        String shown = text.length() > QUOTE_LENGTH_MAX ? text.substring(0, QUOTE_LENGTH_MAX) + "..." : text;
        return value.isString() ? "found '" + shown + "'" : "found " + shown;
    }

    private String expected(ConfigTree tree, String pointer, Error error) {
        JsonNode wanted = around(error);
        List<String> choices = choices(wanted);
        String text = tree.written(pointer);
        String hint = text == null || choices.isEmpty() ? "" : NearestWord.hint(text, choices);
        return describe(wanted) + hint;
    }

    private static String describe(JsonNode wanted) {
        List<String> choices = choices(wanted);
        if (!choices.isEmpty()) {
            return choices.size() == 1 ? choices.get(0) : "one of " + String.join(", ", choices);
        }
        String title = wanted.path("title").asString("");
        return title.isEmpty() ? "another value" : title;
    }

    private static List<String> choices(JsonNode wanted) {
        List<String> choices = new ArrayList<>();
        wanted.path("enum").forEach(choice -> choices.add(choice.asString()));
        return choices;
    }

    /** The part of the schema in which the violated keyword stands. */
    private JsonNode around(Error error) {
        NodePath path = error.getSchemaLocation().getFragment();
        JsonNode node = document;
        for (int i = 0; i < path.getNameCount() - 1; i++) {
            Object step = path.getElement(i);
            node = step instanceof Integer index ? node.path(index) : node.path(step.toString());
        }
        return resolved(node);
    }

    private JsonNode resolved(JsonNode node) {
        String reference = node.path("$ref").asString("");
        return reference.startsWith("#/") ? document.at(reference.substring(1)) : node;
    }

    private static String pointer(NodePath path) {
        String pointer = "";
        for (int i = 0; i < path.getNameCount(); i++) {
            pointer = ConfigTree.child(pointer, path.getElement(i).toString());
        }
        return pointer;
    }
}
