package io.tidegate.buffer;

import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.RecordJson;
import io.tidegate.core.stream.StreamName;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Locale;

/** Holes as records of the stream {@code _gaps}: the gap in its JSON form, with the consumers that it hit. */
final class GapRecords {
    private GapRecords() {}

    /** Adds a record to the draft, if there is such a stream; a hole of that stream itself is only counted. */
    static void add(CommitDraft draft, Gap gap, List<ConsumerName> consumers) {
        if (gap.shard().stream().equals(StreamName.GAPS)) {
            return;
        }
        draft.put(NewRecord.of(
                StreamName.GAPS,
                gap.shard().stream() + "/" + gap.shard().number(),
                Payload.ofUtf8(json(gap, consumers))));
    }

    private static String json(Gap gap, List<ConsumerName> consumers) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        RecordJson.write(gap, RecordJson.Form.FULL, out);
        String text = out.toString(java.nio.charset.StandardCharsets.UTF_8).strip();
        StringBuilder names = new StringBuilder();
        for (ConsumerName consumer : consumers) {
            names.append(names.isEmpty() ? "" : ",").append(quoted(consumer.value()));
        }
        return "{\"consumers\":[" + names + "]," + text.substring(1);
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ' || c > '~') {
                out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }
}
