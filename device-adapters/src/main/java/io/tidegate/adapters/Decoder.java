package io.tidegate.adapters;

import io.tidegate.core.stream.ContentTypes;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** Turns the bytes of a message into the data of a record: one JSON object, unless they are wanted raw. Pure. */
final class Decoder {
    private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?");
    private static final int PROBLEM_LENGTH_MAX = 200;

    /** What came out. */
    sealed interface Decoded {
        record Data(Payload data, String contentType) implements Decoded {}

        /** The bytes are not what the decoder reads; the reason is one line. */
        record Undecodable(String reason) implements Decoded {}
    }

    private Decoder() {}

    static Decoded decode(DecoderKind kind, Payload payload) {
        Decoded decoded =
                switch (kind) {
                    case AUTO -> auto(payload);
                    case JSON -> json(payload);
                    case NUMBER -> number(payload);
                    case TEXT -> text(payload);
                    case RAW -> new Decoded.Data(payload, ContentTypes.OCTETS);
                };
        if (decoded instanceof Decoded.Data data && data.data.length() > NewRecord.BYTES_MAX) {
            return new Decoded.Undecodable("as JSON it is larger than " + NewRecord.BYTES_MAX + " bytes");
        }
        return decoded;
    }

    private static Decoded auto(Payload payload) {
        Decoded json = json(payload);
        return json instanceof Decoded.Data ? json : text(payload);
    }

    private static Decoded json(Payload payload) {
        Payload trimmed = JsonText.trim(payload);
        JsonText.Checked checked = JsonText.check(trimmed);
        String problem = checked.problem();
        if (problem != null) {
            return new Decoded.Undecodable("not JSON: " + oneLine(problem));
        }
        return data(checked.isObject() ? trimmed : JsonText.wrap("value", trimmed));
    }

    private static Decoded number(Payload payload) {
        Payload trimmed = JsonText.trim(payload);
        if (trimmed.length() > 1 && trimmed.byteAt(0) == '+') {
            trimmed = trimmed.slice(1, trimmed.length());
        }
        if (trimmed.length() > JsonText.NUMBER_LENGTH_MAX) {
            return new Decoded.Undecodable("not a decimal number: more than " + JsonText.NUMBER_LENGTH_MAX + " digits");
        }
        String text = new String(trimmed.toBytes(), StandardCharsets.ISO_8859_1);
        if (!NUMBER.matcher(text).matches()) {
            return new Decoded.Undecodable("not a decimal number: '" + oneLine(text) + "'");
        }
        return data(JsonText.wrap("value", trimmed));
    }

    private static Decoded text(Payload payload) {
        if (!JsonText.isUtf8(payload)) {
            return new Decoded.Undecodable("not valid UTF-8");
        }
        return data(JsonText.wrap("text", JsonText.quote(payload)));
    }

    private static Decoded data(Payload json) {
        return new Decoded.Data(json, ContentTypes.JSON);
    }

    /** For attributes and logs: no line breaks or other control characters, at most 200 characters. */
    static String oneLine(String text) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < text.length() && line.length() < PROBLEM_LENGTH_MAX; i++) {
            char c = text.charAt(i);
            line.append(Character.isISOControl(c) || Character.isSurrogate(c) ? ' ' : c);
        }
        return line.toString();
    }
}
