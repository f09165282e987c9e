package io.tidegate.gateway.http;

import io.tidegate.core.runtime.DiskBudget;
import io.tidegate.core.stream.HeldRecords;
import io.tidegate.core.stream.IsoTime;
import io.tidegate.core.stream.LogStatus;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How the gateway is: {@code /api/v1/status} in full, {@code /healthz} (the process serves) and {@code /readyz} (it
 * takes data). Thread-safe.
 */
final class StatusView {
    private static final JsonMapper JSON = JsonMapper.shared();

    private final HttpParts parts;

    StatusView(HttpParts parts) {
        this.parts = parts;
    }

    void health(Exchange exchange, PathParameters parameters) {
        exchange.json(200, Payload.ofUtf8("{\"status\":\"ok\"}"));
    }

    /** 503 while nothing can be appended. A camera or uplink that does not work does not make it unready. */
    void ready(Exchange exchange, PathParameters parameters) {
        String failure = parts.log().status().failure();
        if (failure == null) {
            exchange.json(200, Payload.ofUtf8("{\"status\":\"ready\"}"));
        } else {
            exchange.problem(503, "not-ready", "the log takes no records: " + failure);
        }
    }

    void status(Exchange exchange, PathParameters parameters) {
        GatewayStatus status = parts.status().status();
        LogStatus log = parts.log().status();
        List<String> problems = problems(status, log);
        ObjectNode answer = JSON.createObjectNode();
        answer.put("status", "");
        ArrayNode sentences = answer.putArray("problems");
        answer.put("version", status.version());
        answer.put("role", status.role());
        answer.put("gatewayId", parts.log().gatewayId());
        answer.put("uptimeSeconds", status.uptime().toSeconds());
        answer.put("monotonicMillis", parts.clock().monotonicNanos() / 1_000_000);
        ObjectNode ports = answer.putObject("ports");
        status.ports().forEach(ports::put);
        log(log, answer.putObject("log"));
        shards(answer.putArray("shards"), problems);
        held(answer.putArray("held"));
        parts.status().disk().ifPresent(disk -> disk(disk, answer.putObject("disk")));
        problems.forEach(sentences::add);
        answer.put("status", log.failure() != null ? "failed" : problems.isEmpty() ? "ok" : "degraded");
        StatusJson.parts(status, answer);
        exchange.json(200, Payload.wrap(JSON.writeValueAsBytes(answer)));
    }

    private static void log(LogStatus log, ObjectNode into) {
        into.put("epoch", io.tidegate.core.stream.ShardEpoch.text(log.epoch()));
        into.put("lastLsn", log.lastLsn());
        into.put("segments", log.segments());
        into.put("bytesOnDisk", log.bytesOnDisk());
        into.put("commits", log.commits());
        into.put("recordsCommitted", log.recordsCommitted());
        into.put("duplicates", log.duplicates());
        into.put("queuedBytes", log.queuedBytes());
        LogStatus.Wear wear = log.wear();
        into.put("writtenBytes", wear.writtenBytes());
        into.put("writtenPerPayloadByte", Math.round(wear.writtenPerPayloadByte() * 100) / 100.0);
        into.put("writtenTodayBytes", wear.dayBytes());
        if (wear.budgetBytesPerDay() == 0) {
            into.putNull("writeBudgetBytesPerDay");
        } else {
            into.put("writeBudgetBytesPerDay", wear.budgetBytesPerDay());
        }
        into.put("commitIntervalMillis", wear.commitIntervalMillis());
        encryption(log, into.putObject("encryption"));
        putText("failure", log.failure(), into);
    }

    private static void encryption(LogStatus log, ObjectNode into) {
        LogStatus.Encryption encryption = log.encryption();
        putText("key", encryption.key(), into);
        ObjectNode segments = into.putObject("segmentsByKey");
        encryption.segmentsByKey().forEach(segments::put);
        into.put("plainSegments", Math.max(0, log.segments() - encryption.encryptedSegments()));
    }

    private void shards(ArrayNode into, List<String> problems) {
        for (StreamDescription stream : parts.log().admin().list()) {
            for (ShardDescription shard : stream.shards()) {
                Optional<LossLedger> found = Names.ledger(parts.log(), shard.id());
                if (found.isEmpty()) {
                    continue;
                }
                ObjectNode one = into.addObject();
                one.put("stream", stream.name().value());
                one.put("shardId", shard.id().name());
                Streams.place(shard, one);
                if (stream.settings().mode() == StreamMode.PROVISIONED) {
                    Names.throttled(parts.log(), shard.id()).ifPresent(records -> one.put("throttledRecords", records));
                }
                LossLedger ledger = found.get();
                Streams.ledger(ledger, one.putObject("ledger"));
                if (ledger.corrupt() > 0) {
                    problems.add(
                            "records of " + shard.id() + " that the disk gave back damaged, and that are lost here: "
                                    + ledger.corrupt() + "; 'tidegate log check' tells where");
                }
                if (!ledger.balances()) {
                    problems.add("the ledger of " + shard.id() + " does not balance");
                }
            }
        }
    }

    private static void disk(DiskBudget.Status disk, ObjectNode into) {
        into.put("usedBytes", disk.usedBytes());
        into.put("bytesMax", disk.bytesMax() == Long.MAX_VALUE ? null : disk.bytesMax());
        into.put("freeBytes", disk.freeBytes() == Long.MAX_VALUE ? null : disk.freeBytes());
        into.put("freeBytesMin", disk.freeBytesMin());
        into.put("excessBytes", disk.excessBytes());
    }

    /** What is older than its stream keeps and stays for somebody: no problem by itself, the age says whether it is one. */
    private void held(ArrayNode into) {
        for (HeldRecords held : parts.log().held()) {
            ObjectNode one = into.addObject();
            one.put("stream", held.shard().stream().value());
            one.put("shardId", held.shard().name());
            one.put("records", held.records());
            one.put("oldest", IsoTime.text(held.oldestMillis()));
            one.put("oldestAgeSeconds", held.oldestAgeMillis() / 1000);
            ArrayNode by = one.putArray("heldBy");
            held.heldBy().forEach(consumer -> by.add(consumer.value()));
        }
    }

    static List<String> problems(GatewayStatus status, LogStatus log) {
        List<String> problems = new ArrayList<>();
        if (log.failure() != null) {
            problems.add("the log takes no records: " + log.failure());
        }
        status.adapters().forEach(one -> add("adapter " + one.name(), one.state(), one.detail(), problems));
        for (GatewayStatus.Uplink uplink : status.uplinks()) {
            add("uplink " + uplink.name(), uplink.state(), uplink.detail(), problems);
            uplink.lanes().forEach(lane -> {
                if (lane.state() == PartState.FAILED) {
                    add("uplink " + uplink.name() + ", lane " + lane.shard(), lane.state(), lane.detail(), problems);
                }
            });
        }
        status.cameras().forEach(one -> add("camera " + one.name(), one.state(), one.detail(), problems));
        status.rules().forEach(one -> add("rule " + one.name(), one.state(), one.detail(), problems));
        return problems;
    }

    private static void add(String what, PartState state, @Nullable String detail, List<String> problems) {
        if (state.needsAttention()) {
            problems.add(what + " is " + state.text() + (detail == null ? "" : ": " + detail));
        }
    }

    static void putText(String name, @Nullable String value, ObjectNode into) {
        if (value == null) {
            into.putNull(name);
        } else {
            into.put(name, value);
        }
    }
}
