package io.tidegate.uplink;

import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** The media objects that a fragment record of stream {@code video} speaks of: its init, then the fragment. */
final class FragmentMedia {
    private static final JsonFactory JSON = new JsonFactory();
    private static final String SHA256_PREFIX = "sha256:";

    private FragmentMedia() {}

    /** Empty for any other record, and for one that is not as a fragment record should be. */
    static List<MediaId> of(StreamRecord record) {
        if (!record.shard().stream().equals(StreamName.VIDEO)) {
            return List.of();
        }
        try (JsonParser parser =
                JSON.createParser(ObjectReadContext.empty(), record.data().toBytes())) {
            return ids(parser);
        } catch (JacksonException | IllegalArgumentException e) {
            return List.of();
        }
    }

    private static List<MediaId> ids(JsonParser parser) {
        String type = "";
        String init = null;
        String fragment = null;
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            return List.of();
        }
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (value != JsonToken.VALUE_STRING) {
                parser.skipChildren();
                continue;
            }
            switch (name) {
                case "type" -> type = parser.getString();
                case "init" -> init = parser.getString();
                case "fragmentId" -> fragment = parser.getString();
                default -> parser.skipChildren();
            }
        }
        return type.equals("fragment") ? ids(init, fragment) : List.of();
    }

    private static List<MediaId> ids(@Nullable String init, @Nullable String fragment) {
        List<MediaId> ids = new ArrayList<>();
        Optional.ofNullable(init)
                .filter(text -> text.startsWith(SHA256_PREFIX))
                .ifPresent(text -> ids.add(MediaId.ofInit(text.substring(SHA256_PREFIX.length()))));
        Optional.ofNullable(fragment).ifPresent(text -> ids.add(new MediaId(text)));
        return ids;
    }
}
