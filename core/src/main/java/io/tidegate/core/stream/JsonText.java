package io.tidegate.core.stream;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/** JSON (RFC 8259) at the level of its bytes: what may be spliced into a line as it is, and quoted strings. */
public final class JsonText {
    /** Nesting of data; lines are read with a higher limit, so that what was spliced in can be read again. */
    private static final int DATA_DEPTH_MAX = 200;

    private static final JsonFactory DATA = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DATA_DEPTH_MAX)
                    .build())
            .build();

    private JsonText() {}

    /**
     * Whether the bytes are one JSON object in valid UTF-8, from its first brace to its last, without a line break:
     * such data stands in a line byte for byte, anything else as base64.
     */
    public static boolean isSpliceable(Payload data) {
        int last = data.length() - 1;
        if (last < 1 || data.byteAt(0) != '{' || data.byteAt(last) != '}') {
            return false;
        }
        byte[] bytes = data.toBytes();
        for (byte b : bytes) {
            if (b == '\n' || b == '\r') {
                return false;
            }
        }
        return isUtf8(bytes) && isOneObject(bytes);
    }

    private static boolean isUtf8(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    private static boolean isOneObject(byte[] bytes) {
        try (JsonParser parser = DATA.createParser(ObjectReadContext.empty(), bytes)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return false;
            }
            parser.skipChildren();
            return parser.nextToken() == null;
        } catch (JacksonException e) {
            return false;
        }
    }

    /** Appends a string with its quotes. An unpaired surrogate becomes U+FFFD. */
    public static void quote(String text, ByteArrayOutputStream out) {
        out.write('"');
        int plainFrom = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean lone = Character.isSurrogate(c) && !isPairAt(text, i);
            if (c >= 0x20 && c != '"' && c != '\\' && !lone) {
                continue;
            }
            out.writeBytes(text.substring(plainFrom, i).getBytes(StandardCharsets.UTF_8));
            plainFrom = i + 1;
            String escaped = lone ? "\\ufffd" : escape(c);
            out.writeBytes(escaped.getBytes(StandardCharsets.US_ASCII));
        }
        out.writeBytes(text.substring(plainFrom).getBytes(StandardCharsets.UTF_8));
        out.write('"');
    }

    private static boolean isPairAt(String text, int index) {
        char c = text.charAt(index);
        return Character.isHighSurrogate(c)
                ? index + 1 < text.length() && Character.isLowSurrogate(text.charAt(index + 1))
                : index > 0 && Character.isHighSurrogate(text.charAt(index - 1));
    }

    private static String escape(char c) {
        return switch (c) {
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            default -> String.format("\\u%04x", (int) c);
        };
    }
}
