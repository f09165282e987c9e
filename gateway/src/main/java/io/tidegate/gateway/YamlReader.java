package io.tidegate.gateway;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonToken;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;
import tools.jackson.dataformat.yaml.YAMLParser;

/** Reads YAML into a {@link ConfigTree}, remembering the place of every key and value. A key without value is absent. */
final class YamlReader {
    private static final int FILE_BYTES_MAX = 1 << 20;
    private static final YAMLMapper MAPPER = new YAMLMapper();

    private final ConfigTree tree;
    private final Path file;
    private final YAMLParser parser;

    private YamlReader(ConfigTree tree, Path file, YAMLParser parser) {
        this.tree = tree;
        this.file = file;
        this.parser = parser;
    }

    /** Throws ConfigException if it cannot be read or is not YAML. */
    static ConfigTree read(Path file) {
        ConfigTree tree = new ConfigTree(file, JsonNodeFactory.instance.objectNode());
        try (YAMLParser parser = (YAMLParser) MAPPER.createParser(text(file))) {
            YamlReader reader = new YamlReader(tree, file, parser);
            JsonToken first = parser.nextToken();
            if (first == null || first == JsonToken.VALUE_NULL) {
                return tree;
            }
            JsonNode root = reader.value("", first);
            if (root instanceof ObjectNode object) {
                tree.root(object);
            } else {
                tree.problemWithValue("", "found no keys, expected keys such as 'mqtt:' and 'uplinks:'");
            }
            if (parser.nextToken() != null) {
                tree.valueAt("", reader.place());
                tree.problemWithValue("", "found a second document, expected one document in the file");
            }
        } catch (JacksonException e) {
            throw new ConfigException(List.of(syntaxProblem(file, e)));
        }
        return tree;
    }

    /** Reads one value as YAML would, for text that comes from elsewhere. */
    static JsonNode scalar(String text) {
        try {
            JsonNode node = MAPPER.readTree(text);
            return node.isValueNode() && !node.isMissingNode() && !node.isNull()
                    ? node
                    : JsonNodeFactory.instance.stringNode(text);
        } catch (JacksonException e) {
            return JsonNodeFactory.instance.stringNode(text);
        }
    }

    private static String text(Path file) {
        try {
            if (Files.isRegularFile(file) && Files.size(file) > FILE_BYTES_MAX) {
                throw problem(file, "found a file of more than 1 MiB, expected a configuration");
            }
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw problem(file, "found no such file, expected a configuration; name it with --config FILE");
        } catch (java.nio.charset.CharacterCodingException e) {
            throw problem(file, "found bytes that are not UTF-8, expected a text file");
        } catch (IOException e) {
            throw problem(file, "could not be read: " + e.getMessage());
        }
    }

    private static ConfigException problem(Path file, String message) {
        return new ConfigException(List.of(new ConfigProblem(new Place(file.toString(), 1, 1), message)));
    }

    private static ConfigProblem syntaxProblem(Path file, JacksonException e) {
        TokenStreamLocation location = e.getLocation();
        int line = location == null ? 1 : Math.max(1, location.getLineNr());
        int column = location == null ? 1 : Math.max(1, location.getColumnNr());
        return new ConfigProblem(new Place(file.toString(), line, column), syntaxText(e.getOriginalMessage()));
    }

    /** SnakeYAML says context, place, problem, place and a copy of the line; the problem is what helps. */
    private static String syntaxText(String message) {
        String problem = "";
        for (String line : message.split("\n", -1)) {
            boolean isPlace = line.strip().startsWith("in reader,") || line.startsWith(" ") || line.isBlank();
            if (!isPlace) {
                problem = line.strip();
            }
        }
        String hint = problem.contains("TAB") ? " (indent with spaces)" : "";
        return "not valid YAML: " + problem + hint;
    }

    private @Nullable JsonNode value(String pointer, JsonToken token) {
        tree.valueAt(pointer, place());
        if (parser.isCurrentAlias()) {
            tree.problemWithValue(pointer, "found an alias '*" + parser.getString() + "', expected the value itself");
            return null;
        }
        if (token == JsonToken.START_OBJECT) {
            return object(pointer);
        }
        if (token == JsonToken.START_ARRAY) {
            return array(pointer);
        }
        if (token == JsonToken.VALUE_NULL) {
            return null;
        }
        tree.writtenAs(pointer, parser.getString());
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        if (token == JsonToken.VALUE_NUMBER_INT) {
            return nodes.numberNode(parser.getBigIntegerValue());
        }
        if (token == JsonToken.VALUE_NUMBER_FLOAT) {
            return nodes.numberNode(parser.getDecimalValue());
        }
        if (token == JsonToken.VALUE_TRUE || token == JsonToken.VALUE_FALSE) {
            return nodes.booleanNode(token == JsonToken.VALUE_TRUE);
        }
        return nodes.stringNode(parser.getString());
    }

    private ObjectNode object(String pointer) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String key = parser.currentName();
            String child = ConfigTree.child(pointer, key);
            Place place = place();
            boolean repeated = object.has(key);
            if (repeated) {
                tree.keyAt(child, place);
                tree.problemWithKey(child, "found the key '" + key + "' a second time, expected it once");
            }
            tree.keyAt(child, place);
            JsonNode value = value(child, parser.nextToken());
            if (value != null && !repeated) {
                object.set(key, value);
            }
        }
        return object;
    }

    private ArrayNode array(String pointer) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        JsonToken token = parser.nextToken();
        while (token != JsonToken.END_ARRAY) {
            String child = pointer + "/" + array.size();
            JsonNode value = value(child, token);
            if (value == null) {
                if (!tree.hasProblem(child)) {
                    tree.problemWithValue(child, "found an empty list item, expected a value after '-'");
                }
                value = JsonNodeFactory.instance.objectNode();
            }
            array.add(value);
            token = parser.nextToken();
        }
        return array;
    }

    private Place place() {
        TokenStreamLocation location = parser.currentTokenLocation();
        return new Place(file.toString(), location.getLineNr(), location.getColumnNr());
    }
}
