package io.tidegate.gateway.http;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.Expectation;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamName;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/**
 * The dedicated consumers of all streams, as the log knows them; steps 1 to 3 of "Dedicated consumers" in
 * docs/design/0006-quotas-consumers-received.md.
 *
 * <p>Thread-safe. What changes something returns when it is durable.
 */
final class Consumers {
    /** Kinesis, RegisterStreamConsumer. */
    static final int PER_STREAM_MAX = 20;

    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_.-]{1,64}");
    private static final long DEADLINE_SECONDS = 30;

    /** A registered one. */
    record Consumer(StreamName stream, String name, long createdMillis) {
        /** Its places in the log; another word before it than uplinks and rules have. */
        ConsumerName inLog() {
            return new ConsumerName("client/" + name);
        }
    }

    private final StreamLog log;

    Consumers(StreamLog log) {
        this.log = log;
    }

    private static String prefix(StreamDescription stream) {
        // A stream that is created again with the name is another one.
        return "_consumers/" + stream.name() + "/" + stream.createdMillis() + "/";
    }

    static String checkedName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new HttpProblemException(
                    400,
                    "invalid-parameter",
                    "a consumer's name is 1 to 64 of a-z A-Z 0-9 _ . -, found '" + name + "'");
        }
        return name;
    }

    List<Consumer> of(StreamDescription stream) {
        String prefix = prefix(stream);
        return log.stateKeys(prefix).stream()
                .flatMap(key -> find(stream, key.substring(prefix.length())).stream())
                .toList();
    }

    private Optional<Consumer> find(StreamDescription stream, String name) {
        return log.state(prefix(stream) + name)
                .map(value -> new Consumer(stream.name(), name, Long.parseLong(value.utf8())));
    }

    Consumer get(StreamDescription stream, String name) {
        return find(stream, checkedName(name))
                .orElseThrow(() -> new HttpProblemException(
                        404,
                        "consumer-not-found",
                        "stream '" + stream.name() + "' has no consumer '" + name + "'; GET /api/v1/streams/"
                                + stream.name() + "/consumers lists them"));
    }

    /** One at a time, by the caller, so that the limit holds. */
    Consumer register(StreamDescription stream, String name, long nowMillis) {
        String key = prefix(stream) + checkedName(name);
        if (log.state(key).isPresent()) {
            throw taken(stream, name);
        }
        if (of(stream).size() >= PER_STREAM_MAX) {
            throw new HttpProblemException(
                    400,
                    "too-many-consumers",
                    "stream '" + stream.name() + "' has " + PER_STREAM_MAX + " consumers, and takes no more");
        }
        Payload created = Payload.wrap(Long.toString(nowMillis).getBytes(StandardCharsets.US_ASCII));
        AppendResult result = committed(new AppendUnit(
                List.of(),
                List.of(),
                List.of(new StateUpdate(key, created)),
                List.of(new Expectation.StateIs(key, null))));
        if (result instanceof AppendResult.Conflict) {
            throw taken(stream, name);
        }
        return get(stream, name);
    }

    private static HttpProblemException taken(StreamDescription stream, String name) {
        return new HttpProblemException(
                409, "consumer-exists", "stream '" + stream.name() + "' has a consumer '" + name + "' already");
    }

    /** Its places go first: without them nothing waits for it, and it is still there to be asked for again. */
    void deregister(StreamDescription stream, Consumer consumer) {
        log.admin().forget(consumer.inLog(), stream.name());
        committed(new AppendUnit(
                List.of(), List.of(), List.of(new StateUpdate(prefix(stream) + consumer.name(), null)), List.of()));
    }

    /** Those of a stream that is about to go. */
    void deregisterAll(StreamDescription stream) {
        of(stream).forEach(consumer -> deregister(stream, consumer));
    }

    /** The number that it has confirmed everything below; empty: nothing yet. */
    Optional<Long> place(Consumer consumer, ShardId shard) {
        return log.checkpoint(consumer.inLog(), new CheckpointScope.OneShard(shard))
                .map(checkpoint -> ((Checkpoint.InShard) checkpoint).nextSequenceNumber());
    }

    boolean isRegistered(Consumer consumer) {
        return log.admin()
                .describe(consumer.stream())
                .flatMap(stream -> find(stream, consumer.name()))
                .filter(consumer::equals)
                .isPresent();
    }

    /** It has done everything up to this number; durable when the result is there and says so. Does not wait. */
    CompletableFuture<AppendResult> confirm(Consumer consumer, ShardId shard, long lastSequenceNumber) {
        CheckpointUpdate update = new CheckpointUpdate(
                consumer.inLog(),
                new CheckpointScope.OneShard(shard),
                new Checkpoint.InShard(lastSequenceNumber + 1, Payload.EMPTY));
        return log.append(new AppendUnit(List.of(), List.of(update), List.of(), List.of()));
    }

    private AppendResult committed(AppendUnit unit) {
        CompletableFuture<AppendResult> future = log.append(unit);
        AppendResult result;
        try {
            result = future.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new HttpProblemException(503, "log-busy", "the log gave no answer: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HttpProblemException(503, "log-busy", "the gateway stops");
        }
        return checked(result);
    }

    /** What was not done is the client's to hear. */
    static AppendResult checked(AppendResult result) {
        if (result instanceof AppendResult.Refused refused) {
            boolean isForEver = refused.retryAfter().equals(AppendResult.NEVER);
            throw new HttpProblemException(
                    isForEver ? 400 : 503, isForEver ? "rejected" : "log-busy", refused.reason());
        }
        if (result instanceof AppendResult.Unknown unknown) {
            throw new HttpProblemException(503, "log-busy", unknown.reason());
        }
        return result;
    }
}
