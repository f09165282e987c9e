package io.tidegate.gateway.http;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.IsoTime;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamDescription;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /api/v1/streams/{stream}/consumers...}: dedicated consumers, their places, and being served. Thread-safe. */
final class ConsumerRoutes {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final long BODY_BYTES_MAX = 4 << 10;

    private final HttpParts parts;
    private final HttpSettings.Limits limits;
    private final BodyBudget budget;
    private final Consumers consumers;
    private final Tails tails;
    private final Subscriptions subscriptions;
    private final Executor executor;
    private final OneChange change = new OneChange("consumers");

    ConsumerRoutes(
            HttpParts parts,
            HttpSettings.Limits limits,
            BodyBudget budget,
            Consumers consumers,
            Tails tails,
            Executor executor) {
        this.executor = executor;
        this.parts = parts;
        this.limits = limits;
        this.budget = budget;
        this.consumers = consumers;
        this.tails = tails;
        this.subscriptions = new Subscriptions(parts.log(), parts.clock(), consumers, tails);
    }

    void list(Exchange exchange, PathParameters parameters) {
        StreamDescription stream = stream(parameters);
        ObjectNode answer = JSON.createObjectNode();
        ArrayNode all = answer.put("stream", stream.name().value()).putArray("consumers");
        consumers.of(stream).forEach(consumer -> describe(stream, consumer, all.addObject()));
        exchange.json(200, Payload.wrap(JSON.writeValueAsBytes(answer)));
    }

    void register(Exchange exchange, PathParameters parameters) {
        StreamDescription stream = stream(parameters);
        read(exchange, body -> {
            body.allow(Set.of("consumer"));
            long now = parts.clock().wallMillis();
            change.run(exchange, () -> {
                Consumers.Consumer made = consumers.register(stream, body.text("consumer"), now);
                return () -> answer(exchange, 201, stream, made);
            });
        });
    }

    void describe(Exchange exchange, PathParameters parameters) {
        StreamDescription stream = stream(parameters);
        answer(exchange, 200, stream, consumers.get(stream, parameters.get("consumer")));
    }

    void deregister(Exchange exchange, PathParameters parameters) {
        StreamDescription stream = stream(parameters);
        Consumers.Consumer consumer = consumers.get(stream, parameters.get("consumer"));
        change.run(exchange, () -> {
            consumers.deregister(stream, consumer);
            return () -> {
                subscriptions.end(consumer);
                exchange.json(200, Payload.ofUtf8("{\"deregistered\":\"" + consumer.name() + "\"}"));
            };
        });
    }

    void confirm(Exchange exchange, PathParameters parameters) {
        StreamDescription stream = stream(parameters);
        Consumers.Consumer consumer = consumers.get(stream, parameters.get("consumer"));
        read(exchange, body -> {
            body.allow(Set.of("shard", "sequenceNumber"));
            ShardId shard = Names.shard(stream, body.has("shard") ? body.text("shard") : null);
            long number = number(body.text("sequenceNumber"), shard);
            exchange.answersLate();
            var unused = consumers
                    .confirm(consumer, shard, number)
                    .thenAcceptAsync(result -> confirmed(exchange, stream, consumer, result), executor);
        });
    }

    private void confirmed(
            Exchange exchange, StreamDescription stream, Consumers.Consumer consumer, AppendResult result) {
        try {
            Consumers.checked(result);
            answer(exchange, 200, stream, consumer);
        } catch (HttpProblemException e) {
            exchange.problem(e.status(), e.code(), e.detail());
        }
    }

    private long number(String text, ShardId shard) {
        long last = parts.log().admin().describe(shard.stream()).stream()
                .flatMap(stream -> stream.shards().stream())
                .filter(one -> one.id().equals(shard))
                .mapToLong(one -> one.nextSequenceNumber() - 1)
                .findFirst()
                .orElse(0);
        if (text.matches("[0-9]{1,18}") && Long.parseLong(text) <= last) {
            return Long.parseLong(text);
        }
        throw new HttpProblemException(
                400,
                "invalid-parameter",
                "sequenceNumber must be that of the last record that is done, a string from \"0\" to \"" + last
                        + "\", found '" + text + "'");
    }

    void subscribe(Exchange exchange, PathParameters parameters) {
        StreamDescription stream = stream(parameters);
        Consumers.Consumer consumer = consumers.get(stream, parameters.get("consumer"));
        ShardId shard = Names.shard(stream, exchange.query("shard"));
        if (exchange.request().getMethod().equals("HEAD")) {
            exchange.send(200, Tail.CONTENT_TYPE, Payload.EMPTY);
            return;
        }
        if (tails.isFull()) {
            exchange.busy(503, "too-many-tails", "no more clients can be served now", 5);
            return;
        }
        subscriptions.start(exchange, consumer, shard, from(exchange, consumer, shard));
    }

    private StartingPosition from(Exchange exchange, Consumers.Consumer consumer, ShardId shard) {
        String resumed = exchange.request().getHeaders().get("Last-Event-ID");
        String asked = resumed != null && !resumed.isEmpty() ? resumed : exchange.query("from");
        if (asked != null) {
            return From.inShard(asked);
        }
        Optional<Long> place = consumers.place(consumer, shard);
        return place.isPresent()
                ? new StartingPosition.AtSequenceNumber(place.get())
                : new StartingPosition.TrimHorizon();
    }

    private StreamDescription stream(PathParameters parameters) {
        return Names.stream(parts.log(), parameters.get("stream"));
    }

    private void answer(Exchange exchange, int status, StreamDescription stream, Consumers.Consumer consumer) {
        ObjectNode answer = JSON.createObjectNode();
        describe(stream, consumer, answer);
        exchange.json(status, Payload.wrap(JSON.writeValueAsBytes(answer)));
    }

    private void describe(StreamDescription stream, Consumers.Consumer consumer, ObjectNode into) {
        into.put("consumer", consumer.name());
        into.put("stream", stream.name().value());
        into.put("created", IsoTime.text(consumer.createdMillis()));
        ArrayNode shards = into.putArray("shards");
        for (ShardDescription shard : stream.shards()) {
            Optional<Long> place = consumers.place(consumer, shard.id());
            ObjectNode one = shards.addObject().put("shardId", shard.id().name());
            place.ifPresentOrElse(
                    next -> one.put("confirmed", Long.toString(next - 1)), () -> one.putNull("confirmed"));
            one.put("pending", shard.nextSequenceNumber() - Math.max(shard.horizon(), place.orElse(0L)));
            one.put("subscribed", subscriptions.isRunning(consumer, shard.id()));
            one.put("throttledReads", subscriptions.throttled(consumer, shard.id()));
        }
    }

    private void read(Exchange exchange, Consumer<SmallBody> then) {
        BodyReader.Sink sink = BodyReader.whole(exchange, text -> then.accept(SmallBody.parse(text)));
        new BodyReader(exchange, BODY_BYTES_MAX, budget, parts.clock(), limits, sink).start();
    }
}
