package io.tidegate.analytics;

import io.tidegate.core.stream.StreamRecord;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads the fields that a rule names out of a record's JSON, in one pass. A missing field is NULL, others are passed
 * over, of a name that stands twice the last one counts. Declared types take what Flink's JSON format takes
 * (JsonParserToRowDataConverters), but for a BOOLEAN that is neither true nor false: Flink reads it as false, here the
 * row is rejected.
 *
 * <p>Immutable but for the tree, which is complete before the first row.
 */
final class RowDecoder {
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(100).build())
            .build();

    private final FieldTree fields;
    private final int slots;

    RowDecoder(FieldTree fields, int slots) {
        this.fields = fields;
        this.slots = slots;
    }

    Row decode(StreamRecord record) {
        @Nullable Object[] values = new @Nullable Object[slots];
        try (JsonParser parser =
                JSON.createParser(ObjectReadContext.empty(), record.data().toBytes())) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new RowRejected(RowFault.NOT_JSON, "the data is not a JSON object");
            }
            readObject(parser, fields, values);
            if (parser.nextToken() != null) {
                throw new RowRejected(RowFault.NOT_JSON, "something follows the JSON object");
            }
        } catch (JacksonException e) {
            throw new RowRejected(RowFault.NOT_JSON, "the data is not valid JSON: " + e.getOriginalMessage());
        }
        return new Row(record, values);
    }

    private static void readObject(JsonParser parser, FieldTree tree, @Nullable Object[] values) {
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            FieldTree field = tree.child(parser.currentName());
            JsonToken token = parser.nextToken();
            if (field == null) {
                parser.skipChildren();
            } else if (field.slot() != FieldTree.NO_SLOT && !(token == JsonToken.START_OBJECT && field.hasChildren())) {
                values[field.slot()] = read(parser, token, field.type());
            } else if (token == JsonToken.START_OBJECT) {
                readNested(parser, field, values);
            } else {
                parser.skipChildren(); // a.b of an a that is not an object is NULL
            }
        }
    }

    /** Only an undeclared field can be asked for both as a whole and in part. */
    private static void readNested(JsonParser parser, FieldTree field, @Nullable Object[] values) {
        if (field.slot() == FieldTree.NO_SLOT) {
            readObject(parser, field, values);
            return;
        }
        String text = fragment(parser, JsonToken.START_OBJECT);
        values[field.slot()] = new JsonFragment(text);
        try (JsonParser again = JSON.createParser(ObjectReadContext.empty(), text)) {
            again.nextToken();
            readObject(again, field, values);
        }
    }

    private static @Nullable Object read(JsonParser parser, JsonToken token, SqlType type) {
        if (token == JsonToken.VALUE_NULL) {
            return null;
        }
        String name = parser.currentName();
        try {
            return type == SqlType.ANY ? readAny(parser, token) : readTyped(parser, token, type);
        } catch (NumberFormatException e) {
            throw new RowRejected(RowFault.WRONG_TYPE, "field '" + name + "' is not a valid " + type);
        }
    }

    private static Object readAny(JsonParser parser, JsonToken token) {
        return switch (token) {
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_STRING -> parser.getString();
            case VALUE_NUMBER_INT -> {
                BigInteger number = parser.getBigIntegerValue();
                if (number.bitLength() < Long.SIZE) {
                    yield number.longValue();
                }
                yield number.doubleValue();
            }
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            default -> new JsonFragment(fragment(parser, token));
        };
    }

    private static Object readTyped(JsonParser parser, JsonToken token, SqlType type) {
        if (token == JsonToken.START_OBJECT || token == JsonToken.START_ARRAY) {
            if (type == SqlType.STRING) {
                return fragment(parser, token);
            }
            throw new NumberFormatException("a container");
        }
        String text = parser.getString().strip();
        boolean number = token == JsonToken.VALUE_NUMBER_INT || token == JsonToken.VALUE_NUMBER_FLOAT;
        return switch (type) {
            case STRING -> parser.getString();
            case BOOLEAN -> readBoolean(text);
            case INT -> number ? inRange(parser, Integer.MIN_VALUE, Integer.MAX_VALUE) : (long) Integer.parseInt(text);
            case BIGINT -> number ? inRange(parser, Long.MIN_VALUE, Long.MAX_VALUE) : Long.parseLong(text);
            case DOUBLE -> Double.parseDouble(text);
            case DECIMAL, TIMESTAMP, TIMESTAMP_LTZ, MAP, ANY, NULL ->
                throw new IllegalStateException("no field has the type " + type);
        };
    }

    private static Object readBoolean(String text) {
        if (text.equalsIgnoreCase("true")) {
            return true;
        }
        if (text.equalsIgnoreCase("false")) {
            return false;
        }
        throw new NumberFormatException("neither true nor false");
    }

    /** Cuts off digits after the point, as Jackson's getIntValue and getLongValue do. */
    private static long inRange(JsonParser parser, long min, long max) {
        if (parser.currentToken() == JsonToken.VALUE_NUMBER_FLOAT) {
            double value = parser.getDoubleValue();
            if (value < min || value > max) {
                throw new NumberFormatException("out of range");
            }
            return (long) value;
        }
        BigInteger value = parser.getBigIntegerValue();
        if (value.bitLength() >= Long.SIZE || value.longValue() < min || value.longValue() > max) {
            throw new NumberFormatException("out of range");
        }
        return value.longValue();
    }

    /** The object or array that starts here, without white space. Depth is limited by the reader. */
    private static String fragment(JsonParser parser, JsonToken first) {
        JsonOut out = new JsonOut();
        copy(parser, first, out);
        return out.text();
    }

    private static void copy(JsonParser parser, JsonToken token, JsonOut out) {
        switch (token) {
            case START_OBJECT -> {
                out.raw('{');
                boolean more = false;
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    if (more) {
                        out.raw(',');
                    }
                    more = true;
                    out.string(parser.currentName(), false).raw(':');
                    copy(parser, parser.nextToken(), out);
                }
                out.raw('}');
            }
            case START_ARRAY -> {
                out.raw('[');
                boolean more = false;
                for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
                    if (more) {
                        out.raw(',');
                    }
                    more = true;
                    copy(parser, next, out);
                }
                out.raw(']');
            }
            case VALUE_STRING -> out.string(parser.getString(), false);
            case VALUE_NUMBER_FLOAT -> out.value(parser.getDoubleValue());
            default -> out.raw(parser.getString()); // integers, true, false, null as they stand
        }
    }
}
