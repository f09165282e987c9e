package io.tidegate.gateway.http;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.tidegate.core.runtime.DiskBudget;
import io.tidegate.core.stream.HeldRecords;
import io.tidegate.core.stream.LogStatus;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.PastLedger;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The gateway in numbers, read when they are asked for. Labels are names from the configuration, never of devices, so
 * that there are not more than the configuration says. Thread-safe.
 */
final class GatewayMetrics implements MultiCollector {
    private final HttpParts parts;
    private final BodyBudget budget;
    private final Tails tails;
    private final RecordWriter writer;
    private final ReadQuotas quotas;

    GatewayMetrics(HttpParts parts, BodyBudget budget, Tails tails, RecordWriter writer, ReadQuotas quotas) {
        this.parts = parts;
        this.budget = budget;
        this.tails = tails;
        this.writer = writer;
        this.quotas = quotas;
    }

    @Override
    public MetricSnapshots collect() {
        Gathered out = new Gathered();
        GatewayStatus status = parts.status().status();
        out.gauge(
                "build_info", "1; version and role", Labels.of("version", status.version(), "role", status.role()), 1);
        out.gauge(
                "uptime_seconds",
                "Since the start",
                Labels.EMPTY,
                status.uptime().toMillis() / 1e3);
        log(out);
        ledger(out);
        held(out);
        parts.status().disk().ifPresent(disk -> disk(disk, out));
        adapters(status, out);
        uplinks(status, out);
        cameras(status, out);
        rules(status, out);
        http(out);
        return out.snapshots();
    }

    private void log(Gathered out) {
        LogStatus log = parts.log().status();
        out.gauge("log_up", "1 while the log takes records", Labels.EMPTY, log.failure() == null ? 1 : 0);
        out.counter("log_commits", "Commits since the log was opened", Labels.EMPTY, log.commits());
        out.counter("log_records", "Records committed since the log was opened", Labels.EMPTY, log.recordsCommitted());
        out.counter("log_duplicates", "Second copies recognised", Labels.EMPTY, log.duplicates());
        out.gauge("log_segments", "Segment files", Labels.EMPTY, log.segments());
        out.gauge("log_disk_bytes", "Segment files and their write-ahead logs", Labels.EMPTY, log.bytesOnDisk());
        out.gauge("log_queued_bytes", "Waiting for the writer", Labels.EMPTY, log.queuedBytes());
        LogStatus.Wear wear = log.wear();
        out.counter("log_written_bytes", "Written to the disk since the opening", Labels.EMPTY, wear.writtenBytes());
        out.counter("log_payload_bytes", "Data and keys stored since the opening", Labels.EMPTY, wear.payloadBytes());
        out.gauge("log_written_today_bytes", "In this powered-on day, about", Labels.EMPTY, wear.dayBytes());
        out.gauge("log_write_budget_bytes", "Per day; 0: no limit", Labels.EMPTY, wear.budgetBytesPerDay());
        out.gauge("log_commit_interval_seconds", "As it is now", Labels.EMPTY, wear.commitIntervalMillis() / 1e3);
    }

    private void ledger(Gathered out) {
        for (StreamDescription stream : parts.log().admin().list()) {
            past(stream, out);
            for (ShardDescription shard : stream.shards()) {
                Optional<LossLedger> found = Names.ledger(parts.log(), shard.id());
                if (found.isEmpty()) {
                    continue;
                }
                LossLedger ledger = found.get();
                Labels labels = Labels.of(
                        "stream", stream.name().value(), "shard", shard.id().name());
                out.gauge("shard_appended_records", "Records that the shard ever took", labels, ledger.appended());
                for (Map.Entry<String, Long> fate : Map.of(
                                "retained", ledger.retained(),
                                "expired", ledger.expired(),
                                "evicted", ledger.evicted(),
                                "corrupt", ledger.corrupt())
                        .entrySet()) {
                    out.gauge(
                            "shard_records",
                            "What became of them; the sum is tidegate_shard_appended_records",
                            labels.add("fate", fate.getKey()),
                            fate.getValue());
                }
                out.gauge("shard_retained_bytes", "Data and keys retained", labels, shard.retainedBytes());
                if (stream.settings().mode() == StreamMode.PROVISIONED) {
                    throttled(shard.id(), labels, out);
                }
            }
        }
    }

    /** Without it, sums over the shards of a stream would go back when a closed one is listed no more. */
    private static void past(StreamDescription stream, Gathered out) {
        PastLedger past = stream.past();
        if (past.appended() == 0) {
            return;
        }
        Labels labels = Labels.of("stream", stream.name().value());
        for (Map.Entry<String, Long> fate : Map.of(
                        "expired", past.expired(),
                        "evicted", past.evicted(),
                        "corrupt", past.corrupt())
                .entrySet()) {
            out.gauge(
                    "stream_past_records",
                    "What became of the records of shards that are not listed any more",
                    labels.add("fate", fate.getKey()),
                    fate.getValue());
        }
    }

    private void throttled(ShardId shard, Labels labels, Gathered out) {
        Names.throttled(parts.log(), shard)
                .ifPresent(records -> out.counter(
                        "shard_throttled_records", "Refused to clients by the quota of the shard", labels, records));
        out.counter(
                "shard_throttled_reads",
                "Reads of clients that the quota of the shard delayed or refused",
                labels,
                quotas.throttled(shard));
    }

    private static void disk(DiskBudget.Status disk, Gathered out) {
        out.gauge("disk_used_bytes", "Log and recordings", Labels.EMPTY, disk.usedBytes());
        if (disk.bytesMax() != Long.MAX_VALUE) {
            out.gauge("disk_max_bytes", "What they may take", Labels.EMPTY, disk.bytesMax());
        }
        if (disk.freeBytes() != Long.MAX_VALUE) {
            out.gauge("disk_free_bytes", "What can still be written", Labels.EMPTY, disk.freeBytes());
        }
        out.gauge("disk_free_min_bytes", "What is to be left free", Labels.EMPTY, disk.freeBytesMin());
    }

    private void held(Gathered out) {
        for (HeldRecords held : parts.log().held()) {
            Labels labels = Labels.of(
                    "stream",
                    held.shard().stream().value(),
                    "shard",
                    held.shard().name());
            out.gauge("shard_held_records", "Older than the stream keeps, not confirmed yet", labels, held.records());
            out.gauge("shard_held_age_seconds", "Age of the oldest of them", labels, held.oldestAgeMillis() / 1000);
        }
    }

    private static void adapters(GatewayStatus status, Gathered out) {
        for (GatewayStatus.Adapter adapter : status.adapters()) {
            Labels labels = Labels.of("adapter", adapter.name());
            GatewayStatus.AdapterCounts counts = adapter.counts();
            out.gauge("adapter_up", "1 while it runs", labels, up(adapter.state()));
            adapter.connections().ifPresent(open -> out.gauge("adapter_connections", "Open now", labels, open));
            out.messages(labels, "stored", counts.stored());
            out.messages(labels, "duplicate", counts.duplicates());
            out.messages(labels, "rejected", counts.rejected());
            out.messages(labels, "dropped", counts.dropped());
            out.messages(labels, "refused", counts.refused());
            out.counter("adapter_stored_bytes", "Payload of what was stored", labels, counts.bytes());
        }
    }

    private static void uplinks(GatewayStatus status, Gathered out) {
        for (GatewayStatus.Uplink uplink : status.uplinks()) {
            Labels labels = Labels.of("uplink", uplink.name());
            out.gauge("uplink_up", "1 while it runs", labels, up(uplink.state()));
            out.gauge("uplink_connected", "1 if the last attempt reached it", labels, uplink.connected() ? 1 : 0);
            out.gauge("uplink_backlog_records", "Committed and not yet confirmed", labels, uplink.pendingRecords());
            out.counter("uplink_sent_records", "Confirmed since the start", labels, uplink.sentRecords());
            out.counter("uplink_retries", "Attempts that had to be repeated", labels, uplink.retries());
        }
    }

    private static void cameras(GatewayStatus status, Gathered out) {
        for (GatewayStatus.Camera camera : status.cameras()) {
            Labels labels = Labels.of("camera", camera.name());
            out.gauge("camera_up", "1 while it runs", labels, up(camera.state()));
            out.counter("camera_fragments", "Recorded since the start", labels, camera.fragments());
            out.counter("camera_bytes", "Recorded since the start", labels, camera.bytes());
        }
    }

    private static void rules(GatewayStatus status, Gathered out) {
        for (GatewayStatus.Rule rule : status.rules()) {
            Labels labels = Labels.of("rule", rule.name());
            out.gauge("rule_up", "1 while it runs", labels, up(rule.state()));
            out.counter("rule_read_records", "Read since the start", labels, rule.recordsIn());
            out.counter("rule_written_records", "Written since the start", labels, rule.recordsOut());
        }
    }

    private void http(Gathered out) {
        out.gauge("http_body_bytes", "Request bodies under way", Labels.EMPTY, budget.used());
        out.gauge("http_tails", "Clients that tail", Labels.EMPTY, tails.count());
        out.counter(
                "http_tails_dropped", "Clients dropped because they took nothing", Labels.EMPTY, tails.droppedSlow());
        out.counter("http_records", "Records that came by POST", Labels.of("outcome", "stored"), writer.stored());
        out.counter("http_records", "Records that came by POST", Labels.of("outcome", "failed"), writer.failed());
    }

    private static int up(PartState state) {
        return state == PartState.RUNNING || state == PartState.DEGRADED ? 1 : 0;
    }

    /** Gathers numbers by metric, each metric's points together. Confined to one scrape. */
    private static final class Gathered {
        private final Map<String, GaugeSnapshot.Builder> gauges = new LinkedHashMap<>();
        private final Map<String, CounterSnapshot.Builder> counters = new LinkedHashMap<>();

        void gauge(String name, String help, Labels labels, long value) {
            gauge(name, help, labels, (double) value);
        }

        void gauge(String name, String help, Labels labels, double value) {
            gauges.computeIfAbsent(name, key -> GaugeSnapshot.builder()
                            .name("tidegate_" + key)
                            .help(help))
                    .dataPoint(GaugeDataPointSnapshot.builder()
                            .labels(labels)
                            .value(value)
                            .build());
        }

        void counter(String name, String help, Labels labels, long value) {
            counters.computeIfAbsent(name, key -> CounterSnapshot.builder()
                            .name("tidegate_" + key)
                            .help(help))
                    .dataPoint(CounterDataPointSnapshot.builder()
                            .labels(labels)
                            .value((double) Math.max(0, value))
                            .build());
        }

        void messages(Labels adapter, String outcome, long count) {
            counter("adapter_messages", "Messages by what became of them", adapter.add("outcome", outcome), count);
        }

        MetricSnapshots snapshots() {
            List<MetricSnapshot> all = new ArrayList<>();
            gauges.values().forEach(gauge -> all.add(gauge.build()));
            counters.values().forEach(counter -> all.add(counter.build()));
            return new MetricSnapshots(all);
        }
    }
}
