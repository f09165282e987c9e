package io.tidegate.gateway.http;

import io.tidegate.core.stream.FullPolicy;
import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.HashKeyRange;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamMode;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamPriority;
import io.tidegate.core.stream.StreamSettings;
import java.math.BigInteger;
import java.time.Duration;
import java.util.Set;
import java.util.function.Function;

/**
 * Creates, changes, reshards and deletes streams: {@code POST}, {@code PATCH} and {@code DELETE} under
 * {@code /api/v1/streams}. One change at a time, as each waits for its commit. Thread-safe.
 */
final class StreamChanges {
    private static final Set<StreamName> ALWAYS_THERE = Set.of(StreamName.TELEMETRY, StreamName.VIDEO);
    private static final Set<String> SETTINGS = Set.of(
            "shards", "retentionHours", "bytesMax", "recordBytesMax", "onFull", "priority", "mode", "receivedBytesMax");
    private static final long BODY_BYTES_MAX = 16 << 10;

    private final HttpParts parts;
    private final HttpSettings.Limits limits;
    private final BodyBudget budget;
    private final Streams streams;
    private final Consumers consumers;
    private final OneChange change = new OneChange("streams");

    StreamChanges(
            HttpParts parts, HttpSettings.Limits limits, BodyBudget budget, Streams streams, Consumers consumers) {
        this.parts = parts;
        this.limits = limits;
        this.budget = budget;
        this.streams = streams;
        this.consumers = consumers;
    }

    void create(Exchange exchange, PathParameters parameters) {
        read(exchange, body -> {
            body.allow(SETTINGS, "stream");
            StreamName name = name(body.text("stream"));
            if (parts.log().admin().describe(name).isPresent()) {
                throw new HttpProblemException(409, "stream-exists", "there is a stream '" + name + "' already");
            }
            StreamSettings settings = settings(body, StreamSettings.of(name));
            settings = body.has("shards") ? checked(settings, body.number("shards")) : settings;
            parts.log().admin().create(settings);
            return answer(exchange, 201, name);
        });
    }

    void change(Exchange exchange, PathParameters parameters) {
        StreamName name = changeable(parameters).name();
        read(exchange, body -> {
            body.allow(SETTINGS);
            StreamSettings before = Names.stream(parts.log(), name.value()).settings();
            StreamSettings changed = settings(body, before);
            if (body.has("shards")) {
                parts.log().admin().updateShardCount(name, body.number("shards"));
            }
            if (!changed.equals(before)) {
                parts.log().admin().configure(changed);
            }
            return answer(exchange, 200, name);
        });
    }

    void split(Exchange exchange, PathParameters parameters) {
        StreamName name = changeable(parameters).name();
        read(exchange, body -> {
            body.allow(Set.of("shard", "newStartingHashKey"));
            StreamDescription stream = Names.stream(parts.log(), name.value());
            ShardId shard = Names.shard(stream, body.text("shard"));
            HashKey at = body.has("newStartingHashKey")
                    ? body.checked(() -> HashKey.parse(body.text("newStartingHashKey")))
                    : middle(stream, shard);
            parts.log().admin().split(shard, at);
            return answer(exchange, 200, name);
        });
    }

    private static HashKey middle(StreamDescription stream, ShardId shard) {
        HashKeyRange range = stream.shards().stream()
                .filter(one -> one.id().equals(shard))
                .map(ShardDescription::range)
                .findFirst()
                .orElseThrow();
        BigInteger sum =
                range.startInclusive().value().add(range.endInclusive().value()).add(BigInteger.ONE);
        return new HashKey(sum.shiftRight(1));
    }

    void merge(Exchange exchange, PathParameters parameters) {
        StreamName name = changeable(parameters).name();
        read(exchange, body -> {
            body.allow(Set.of("shard", "adjacentShard"));
            StreamDescription stream = Names.stream(parts.log(), name.value());
            ShardId shard = Names.shard(stream, body.text("shard"));
            parts.log().admin().merge(shard, Names.shard(stream, body.text("adjacentShard")));
            return answer(exchange, 200, name);
        });
    }

    void delete(Exchange exchange, PathParameters parameters) {
        StreamName name = changeable(parameters).name();
        if (ALWAYS_THERE.contains(name)) {
            throw new HttpProblemException(
                    403, "stream-needed", "stream '" + name + "' is always there; it cannot be deleted");
        }
        change.run(exchange, () -> {
            consumers.deregisterAll(Names.stream(parts.log(), name.value()));
            parts.log().admin().delete(name);
            return () -> exchange.json(200, Payload.ofUtf8("{\"deleted\":\"" + name + "\"}"));
        });
    }

    private StreamDescription changeable(PathParameters parameters) {
        StreamDescription stream = Names.stream(parts.log(), parameters.get("stream"));
        requireOwn(stream.name());
        return stream;
    }

    private static void requireOwn(StreamName name) {
        if (name.isReserved()) {
            throw new HttpProblemException(
                    403, "stream-reserved", "stream '" + name + "' belongs to the gateway and is not changed by hand");
        }
    }

    private static StreamName name(String text) {
        if (!StreamName.isValid(text)) {
            throw new HttpProblemException(
                    400, "invalid-parameter", "a stream's name is 1 to 128 of a-z A-Z 0-9 _ . -, found '" + text + "'");
        }
        StreamName name = new StreamName(text);
        requireOwn(name);
        return name;
    }

    private static StreamSettings checked(StreamSettings settings, int shards) {
        try {
            return settings.withShards(shards);
        } catch (IllegalArgumentException e) {
            throw new HttpProblemException(400, "invalid-parameter", String.valueOf(e.getMessage()));
        }
    }

    /** All settings but the number of shards. */
    private static StreamSettings settings(SmallBody body, StreamSettings before) {
        return body.checked(() -> {
            // Last of all it is set anew: what it goes with may change, too.
            StreamSettings changed = body.has("receivedBytesMax") ? before.withReceivedBytesMax(0) : before;
            if (body.has("retentionHours")) {
                changed = changed.withRetention(Duration.ofHours(body.number("retentionHours")));
            }
            if (body.has("bytesMax")) {
                changed = changed.withRetainedBytesMax(
                        body.isNull("bytesMax") ? StreamSettings.UNLIMITED : body.longNumber("bytesMax"));
            }
            if (body.has("recordBytesMax")) {
                changed = changed.withRecordBytesMax(body.number("recordBytesMax"));
            }
            if (body.has("onFull")) {
                changed = changed.withOnFull(FullPolicy.parse(body.text("onFull")));
            }
            if (body.has("mode")) {
                changed = changed.withMode(StreamMode.parse(body.text("mode")));
            }
            if (body.has("priority")) {
                changed = changed.withPriority(StreamPriority.parse(body.text("priority")));
            }
            return body.has("receivedBytesMax")
                    ? changed.withReceivedBytesMax(body.longNumber("receivedBytesMax"))
                    : changed;
        });
    }

    private void read(Exchange exchange, Function<SmallBody, Runnable> then) {
        BodyReader.Sink sink =
                BodyReader.whole(exchange, text -> change.run(exchange, () -> then.apply(SmallBody.parse(text))));
        new BodyReader(exchange, BODY_BYTES_MAX, budget, parts.clock(), limits, sink).start();
    }

    /** Described at once: after the next change, the stream may be another or gone. */
    private Runnable answer(Exchange exchange, int status, StreamName name) {
        Payload described = streams.inFull(Names.stream(parts.log(), name.value()));
        return () -> exchange.json(status, described);
    }
}
