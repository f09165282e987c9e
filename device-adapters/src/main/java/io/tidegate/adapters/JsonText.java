package io.tidegate.adapters;

import io.tidegate.core.stream.Payload;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * What bytes are in the eyes of RFC 8259: exactly one JSON value in valid UTF-8, an object or another, or none.
 * Nested at most 128 deep, numbers of at most 256 digits.
 */
final class JsonText {
    static final int DEPTH_MAX = 128;
    static final int NUMBER_LENGTH_MAX = 256;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    // One more than a device may use: what it sends may be wrapped into an object.
                    .maxNestingDepth(DEPTH_MAX + 1)
                    .maxNumberLength(NUMBER_LENGTH_MAX)
                    .build())
            .build();

    private static final char[] HEX = "0123456789abcdef".toCharArray();

    /**
     * What a check found.
     *
     * @param problem why it is no JSON; null if it is
     * @param isObject false: another value, or no JSON
     */
    record Checked(@Nullable String problem, boolean isObject) {
        static Checked not(String problem) {
            return new Checked(problem, false);
        }
    }

    private JsonText() {}

    static JsonParser parser(byte[] json) {
        return FACTORY.createParser(ObjectReadContext.empty(), json, 0, json.length);
    }

    /** The bytes without white space around them, and without a byte order mark. */
    static Payload trim(Payload data) {
        int from = 0;
        int to = data.length();
        if (to >= 3
                && data.byteAt(0) == (byte) 0xEF
                && data.byteAt(1) == (byte) 0xBB
                && data.byteAt(2) == (byte) 0xBF) {
            from = 3;
        }
        while (from < to && isWhite(data.byteAt(from))) {
            from++;
        }
        while (to > from && isWhite(data.byteAt(to - 1))) {
            to--;
        }
        return data.slice(from, to);
    }

    private static boolean isWhite(byte b) {
        return b == ' ' || b == '\n' || b == '\r' || b == '\t';
    }

    static Checked check(Payload data) {
        if (data.isEmpty()) {
            return Checked.not("empty");
        }
        if (!isUtf8(data)) {
            return Checked.not("not valid UTF-8");
        }
        try (JsonParser parser = parser(data.toBytes())) {
            JsonToken first = parser.nextToken();
            if (first == null) {
                return Checked.not("empty");
            }
            // Scalars are read lazily: without this, a number or text would be looked at in part only.
            finish(parser, first);
            int depth = first.isStructStart() ? 1 : 0;
            while (depth > 0) {
                JsonToken token = parser.nextToken();
                if (token == null) {
                    return Checked.not("it ends early");
                }
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                if (depth > DEPTH_MAX) {
                    return Checked.not("nested deeper than " + DEPTH_MAX);
                }
            }
            if (parser.nextToken() != null) {
                return Checked.not("more than one value");
            }
            return new Checked(null, first == JsonToken.START_OBJECT);
        } catch (JacksonException e) {
            return Checked.not(e.getOriginalMessage());
        }
    }

    private static void finish(JsonParser parser, JsonToken token) {
        if (token.isScalarValue()) {
            parser.getString();
        }
    }

    /** Whether the bytes are well-formed UTF-8 (no overlong forms, no surrogates). */
    static boolean isUtf8(Payload data) {
        for (int i = 0; i < data.length(); i++) {
            if (data.byteAt(i) < 0) {
                return isUtf8Slowly(data);
            }
        }
        return true;
    }

    private static boolean isUtf8Slowly(Payload data) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(data.asByteBuffer());
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    /** {@code {"name":VALUE}} around bytes that are JSON. */
    static Payload wrap(String name, Payload json) {
        byte[] head = ("{\"" + name + "\":").getBytes(StandardCharsets.US_ASCII);
        byte[] all = new byte[head.length + json.length() + 1];
        System.arraycopy(head, 0, all, 0, head.length);
        json.copyTo(all, head.length);
        all[all.length - 1] = '}';
        return Payload.wrap(all);
    }

    /** UTF-8 bytes as a JSON string, quotes included. */
    static Payload quote(Payload utf8) {
        int extra = 2;
        for (int i = 0; i < utf8.length(); i++) {
            extra += escapedLength(utf8.byteAt(i)) - 1;
        }
        ByteBuffer out = ByteBuffer.allocate(Math.addExact(utf8.length(), extra));
        out.put((byte) '"');
        for (int i = 0; i < utf8.length(); i++) {
            putEscaped(out, utf8.byteAt(i));
        }
        out.put((byte) '"');
        return Payload.wrap(out.array());
    }

    private static int escapedLength(byte b) {
        if (b == '"' || b == '\\' || b == '\n' || b == '\r' || b == '\t') {
            return 2;
        }
        return b >= 0 && b < 0x20 ? 6 : 1;
    }

    private static void putEscaped(ByteBuffer out, byte b) {
        switch (escapedLength(b)) {
            case 2 -> {
                char letter = b == '\n' ? 'n' : b == '\r' ? 'r' : b == '\t' ? 't' : (char) b;
                out.put((byte) '\\').put((byte) letter);
            }
            case 6 -> {
                out.put((byte) '\\').put((byte) 'u').put((byte) '0').put((byte) '0');
                out.put((byte) HEX[b >> 4]).put((byte) HEX[b & 0xF]);
            }
            default -> out.put(b);
        }
    }
}
