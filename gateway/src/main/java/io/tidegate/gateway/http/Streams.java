package io.tidegate.gateway.http;

import io.tidegate.core.stream.IsoTime;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.PastLedger;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.ShardQuota;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamMode;
import io.tidegate.core.stream.StreamSettings;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code GET /api/v1/streams...}: which streams there are, and how their shards are. Thread-safe. */
final class Streams {
    private static final JsonMapper JSON = JsonMapper.shared();

    private final StreamLog log;
    private final ReadQuotas quotas;

    Streams(StreamLog log, ReadQuotas quotas) {
        this.log = log;
        this.quotas = quotas;
    }

    void list(Exchange exchange, PathParameters parameters) {
        ObjectNode answer = JSON.createObjectNode();
        ArrayNode streams = answer.putArray("streams");
        log.admin().list().forEach(stream -> describe(stream, streams.addObject()));
        exchange.json(200, Payload.wrap(JSON.writeValueAsBytes(answer)));
    }

    void describe(Exchange exchange, PathParameters parameters) {
        exchange.json(200, inFull(Names.stream(log, parameters.get("stream"))));
    }

    /** A stream with its shards. */
    Payload inFull(StreamDescription stream) {
        ObjectNode answer = JSON.createObjectNode();
        describe(stream, answer);
        shards(stream, answer.putArray("shardList"));
        return Payload.wrap(JSON.writeValueAsBytes(answer));
    }

    void shards(Exchange exchange, PathParameters parameters) {
        StreamDescription stream = Names.stream(log, parameters.get("stream"));
        ObjectNode answer = JSON.createObjectNode();
        answer.put("stream", stream.name().value());
        shards(stream, answer.putArray("shards"));
        exchange.json(200, Payload.wrap(JSON.writeValueAsBytes(answer)));
    }

    private static void describe(StreamDescription stream, ObjectNode into) {
        StreamSettings settings = stream.settings();
        into.put("stream", stream.name().value());
        into.put("reserved", stream.name().isReserved());
        into.put("created", IsoTime.text(stream.createdMillis()));
        int open = stream.openShards().size();
        into.put("shards", open);
        into.put("closedShards", stream.shards().size() - open);
        into.put("retentionHours", settings.retention().toHours());
        if (settings.retainedBytesMax() == StreamSettings.UNLIMITED) {
            into.putNull("bytesMax");
        } else {
            into.put("bytesMax", settings.retainedBytesMax());
        }
        into.put("mode", settings.mode().text());
        into.put("acknowledge", settings.receivedBytesMax() == 0 ? "commit" : "received");
        into.put("receivedBytesMax", settings.receivedBytesMax());
        into.put("onFull", settings.onFull().text());
        into.put("priority", settings.priority().text());
        into.put("recordBytesMax", settings.recordBytesMax());
        into.put(
                "retainedBytes",
                stream.shards().stream()
                        .mapToLong(ShardDescription::retainedBytes)
                        .sum());
        PastLedger past = stream.past();
        into.putObject("past")
                .put("appended", past.appended())
                .put("expired", past.expired())
                .put("evicted", past.evicted())
                .put("corrupt", past.corrupt());
    }

    private void shards(StreamDescription stream, ArrayNode into) {
        for (ShardDescription shard : stream.shards()) {
            Optional<LossLedger> ledger = Names.ledger(log, shard.id());
            if (ledger.isEmpty()) {
                continue; // it has gone since it was listed
            }
            ObjectNode one = into.addObject();
            one.put("shardId", shard.id().name());
            one.put("state", shard.open() ? "open" : "closed");
            ArrayNode parents = one.putArray("parents");
            shard.parents().forEach(parent -> parents.add(parent.name()));
            one.putObject("hashKeyRange")
                    .put("startingHashKey", shard.range().startInclusive().toString())
                    .put("endingHashKey", shard.range().endInclusive().toString());
            place(shard, one);
            if (stream.settings().mode() == StreamMode.PROVISIONED) {
                quota(shard.id(), one.putObject("quota"));
            }
            ledger(ledger.get(), one.putObject("ledger"));
            ArrayNode epochs = one.putArray("epochs");
            for (ShardEpoch epoch : Names.epochs(log, shard.id())) {
                epochs.addObject()
                        .put("epoch", ShardEpoch.text(epoch.epoch()))
                        .put("first", Long.toString(epoch.firstSequenceNumber()))
                        .put("next", Long.toString(epoch.nextSequenceNumber()));
            }
        }
    }

    private void quota(ShardId shard, ObjectNode into) {
        into.put("writeBytesPerSecond", ShardQuota.WRITE_BYTES_PER_SECOND)
                .put("writeRecordsPerSecond", ShardQuota.WRITE_RECORDS_PER_SECOND)
                .put("readBytesPerSecond", ShardQuota.READ_BYTES_PER_SECOND)
                .put("throttledRecords", Names.throttled(log, shard).orElse(0L))
                .put("throttledReads", quotas.throttled(shard));
    }

    static void place(ShardDescription shard, ObjectNode into) {
        into.put("horizon", Long.toString(shard.horizon()));
        into.put("next", Long.toString(shard.nextSequenceNumber()));
        into.put("retainedBytes", shard.retainedBytes());
    }

    static void ledger(LossLedger ledger, ObjectNode into) {
        into.put("appended", ledger.appended())
                .put("retained", ledger.retained())
                .put("expired", ledger.expired())
                .put("evicted", ledger.evicted())
                .put("corrupt", ledger.corrupt())
                .put("balances", ledger.balances());
    }
}
