package io.tidegate.gateway;

import io.tidegate.adapters.CoapListener;
import io.tidegate.adapters.CoapListenerSettings;
import io.tidegate.adapters.HttpIngest;
import io.tidegate.adapters.HttpIngestLimits;
import io.tidegate.adapters.IngestCounts;
import io.tidegate.adapters.MqttBrokerClient;
import io.tidegate.adapters.MqttBrokerSettings;
import io.tidegate.adapters.MqttBrokerStatus;
import io.tidegate.adapters.MqttListener;
import io.tidegate.adapters.MqttListenerSettings;
import io.tidegate.adapters.MqttListenerStats;
import io.tidegate.adapters.Routes;
import io.tidegate.analytics.RuleEngine;
import io.tidegate.analytics.RuleEngineSettings;
import io.tidegate.analytics.RuleFile;
import io.tidegate.analytics.RuleStatus;
import io.tidegate.buffer.CardStorage;
import io.tidegate.buffer.ShardLog;
import io.tidegate.buffer.ShardLogSettings;
import io.tidegate.capture.Camera;
import io.tidegate.capture.CameraSettings;
import io.tidegate.capture.CameraStatus;
import io.tidegate.capture.Stills;
import io.tidegate.capture.VideoStore;
import io.tidegate.capture.VideoStoreSettings;
import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.Closer;
import io.tidegate.core.runtime.DiskBudget;
import io.tidegate.core.runtime.DiskSpace;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.MemoryPlan;
import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamName;
import io.tidegate.gateway.http.GatewayStatus;
import io.tidegate.gateway.http.HttpParts;
import io.tidegate.gateway.http.HttpServer;
import io.tidegate.gateway.http.HttpSettings;
import io.tidegate.gateway.http.HttpToken;
import io.tidegate.gateway.http.PartState;
import io.tidegate.gateway.http.SnapshotSource;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Starts the parts of a gateway from its configuration, registers each with the closer and the status board.
 *
 * <p>Confined to the thread that starts.
 */
record Parts(
        GatewayConfig config,
        GatewayHome home,
        Clock clock,
        ClockSync sync,
        MemoryPlan memory,
        SecureRandom random,
        StatusBoard board,
        Closer closer) {
    private static final int PICTURE_COLUMNS_MAX = 1280;
    private static final long FREE_BYTES_MIN = 256L << 20;

    /** What log and recordings keep to together; recordings give up first. */
    void disk(ShardLog log, Optional<VideoStore> video) {
        Long bytesMax = config.disk().bytesMax();
        DiskBudget budget =
                new DiskBudget(home.directory(), bytesMax == null ? Long.MAX_VALUE : bytesMax, freeBytesMin());
        video.ifPresent(budget::add);
        log.share(budget);
        board.disk(budget::status);
    }

    /** What is left free: one floor, for the log as for recordings. */
    private long freeBytesMin() {
        OptionalLong total = DiskSpace.SYSTEM.totalBytes(home.directory());
        Long configured = config.disk().freeBytesMin();
        if (configured == null) {
            return Math.min(FREE_BYTES_MIN, total.orElse(Long.MAX_VALUE) / 20);
        }
        if (total.isPresent() && configured > total.getAsLong() / 2) {
            throw CommandFailure.usage(
                    "gateway.disk-free-min is " + configured + " bytes, more than half of the disk that holds "
                            + home.directory() + " (" + total.getAsLong()
                            + " bytes): nearly everything would be given up for it; set it to "
                            + total.getAsLong() / 2 + " or less");
        }
        return configured;
    }

    ShardLog log(EffectiveClock time) {
        GatewayConfig.Log log = config.log();
        ShardLogSettings settings = ShardLogSettings.of(home.log(), home.gatewayId())
                .withSegmentBytes(log.segmentBytes())
                .withCompression(log.compression())
                .withEncryption(closer.add(log.encryption().open()))
                .withCommitInterval(log.interval(CardStorage.holds(home.directory())))
                .withMemory(memory.putQueueBytes(), memory.blockCacheBytes());
        return closer.add(ShardLog.open(settings, clock, time, random, home.ballast()));
    }

    /** The streams that rules write to exist before anything reads or forwards. */
    void streams(StreamLog log) {
        List<StreamName> targets = config.rules().stream()
                .map(RuleFile::target)
                .filter(target -> !target.isReserved())
                .toList();
        StandardStreams.create(log.admin(), config.streams(), targets);
    }

    void rules(StreamLog log) {
        if (config.rules().isEmpty()) {
            return;
        }
        RuleEngine engine = closer.add(RuleEngine.create(
                config.rules(),
                log,
                RuleEngineSettings.within(memory.ruleBytes(), config.rules().size()),
                clock,
                random));
        engine.start();
        for (RuleFile rule : config.rules()) {
            board.rule(() -> engine.status().stream()
                    .filter(status -> status.name().equals(rule.name()))
                    .map(Parts::status)
                    .findFirst()
                    .orElseThrow());
        }
    }

    private static GatewayStatus.Rule status(RuleStatus status) {
        PartState state =
                switch (status.state()) {
                    case STARTING -> PartState.STARTING;
                    case RUNNING -> PartState.RUNNING;
                    case RETRYING -> PartState.DEGRADED;
                    case CLOSED -> PartState.STOPPED;
                };
        return new GatewayStatus.Rule(
                status.name(),
                state,
                status.detail().isEmpty() ? null : status.detail(),
                status.counts().read(),
                status.counts().emitted());
    }

    /** Opened before the uplinks, which send what is in it. Empty if there are no cameras and never were. */
    Optional<VideoStore> video(StreamLog log) throws IOException {
        if (config.cameras().isEmpty() && home.hasNoVideo()) {
            return Optional.empty();
        }
        VideoStoreSettings settings = VideoStoreSettings.of(home.video())
                .withBytesMax(config.videoBytesMax())
                .withFreeBytesMin(freeBytesMin());
        return Optional.of(closer.add(VideoStore.open(shares().video(settings), log, clock, random)));
    }

    void cameras(Optional<VideoStore> video, EffectiveClock time) {
        for (CameraSettings each : config.cameras()) {
            Camera camera = closer.add(Camera.start(each, video.orElseThrow(), clock, time, random));
            board.camera(() -> status(each, camera.status()));
        }
    }

    private static GatewayStatus.Camera status(CameraSettings settings, CameraStatus status) {
        PartState state =
                switch (status.state()) {
                    case CONNECTING -> PartState.STARTING;
                    case RECORDING -> PartState.RUNNING;
                    case FAILED -> PartState.DEGRADED;
                    case FINISHED, STOPPED -> PartState.STOPPED;
                };
        int colon = settings.url().indexOf(':');
        return new GatewayStatus.Camera(
                status.name(),
                settings.url().substring(0, Math.max(0, colon)),
                state,
                status.why().isEmpty() ? null : status.why(),
                status.fragments(),
                status.bytes(),
                status.latest().map(MediaId::value).orElse(null));
    }

    void adapters(StreamLog log, Routes routes) {
        mqtt(log, routes);
        for (MqttBrokerSettings each : config.mqttClients()) {
            MqttBrokerSettings settings = each.withLimits(shares().brokerClient(each.limits()));
            MqttBrokerClient client = closer.add(MqttBrokerClient.start(settings, routes, log, clock, random));
            board.adapter(() -> status(client.status()));
        }
        coap(log, routes);
    }

    private MemoryShares shares() {
        return new MemoryShares(
                memory, config.mqttClients().size(), config.cameras().size());
    }

    private static GatewayStatus.Adapter status(MqttBrokerStatus status) {
        PartState state =
                switch (status.state()) {
                    case CONNECTING -> PartState.STARTING;
                    case CONNECTED -> PartState.RUNNING;
                    case FAILED -> PartState.DEGRADED;
                };
        return new GatewayStatus.Adapter(
                status.name(),
                "mqtt-client",
                state,
                status.detail().isEmpty() ? null : status.detail(),
                OptionalInt.of(status.state() == MqttBrokerStatus.State.CONNECTED ? 1 : 0),
                counts(status.messages()));
    }

    private void mqtt(StreamLog log, Routes routes) {
        MqttListenerSettings settings = config.mqttListener();
        if (settings == null) {
            return;
        }
        MqttListener mqtt = closer.add(
                MqttListener.start(settings.withLimits(shares().mqtt(settings.limits())), routes, log, random));
        board.port("mqtt", mqtt.port());
        board.adapter(() -> {
            MqttListenerStats stats = mqtt.stats();
            return new GatewayStatus.Adapter(
                    "mqtt",
                    "mqtt",
                    PartState.RUNNING,
                    null,
                    OptionalInt.of((int) stats.connections()),
                    counts(stats.ingest()));
        });
    }

    private void coap(StreamLog log, Routes routes) {
        CoapListenerSettings settings = config.coap();
        if (settings == null) {
            return;
        }
        CoapListener coap =
                closer.add(CoapListener.start(settings.withLimits(shares().coap(settings.limits())), routes, log));
        board.port("coap", coap.port());
        board.adapter(() -> new GatewayStatus.Adapter(
                "coap",
                "coap",
                PartState.RUNNING,
                null,
                OptionalInt.empty(),
                counts(coap.stats().messages())));
    }

    private static GatewayStatus.AdapterCounts counts(IngestCounts counts) {
        return new GatewayStatus.AdapterCounts(
                counts.stored(),
                counts.duplicates(),
                counts.rejected(),
                counts.dropped(),
                counts.refused(),
                counts.bytes());
    }

    void http(StreamLog log, Routes routes, Optional<VideoStore> video) throws IOException {
        HttpIngest ingest = closer.add(HttpIngest.open(shares().httpIngest(HttpIngestLimits.DEFAULT), routes, log));
        HttpParts parts = HttpParts.of(log, clock, board).withIngest(new IngestMount(ingest));
        if (video.isPresent()) {
            parts = parts.withMedia(video.get()).withSnapshots(snapshots(video.get()));
        }
        HttpServer server = closer.add(HttpServer.start(httpSettings(config.http()), parts));
        board.port("http", server.port());
        board.adapter(() -> new GatewayStatus.Adapter(
                "http", "http", PartState.RUNNING, null, OptionalInt.empty(), counts(ingest.counts())));
    }

    private SnapshotSource snapshots(VideoStore video) {
        Stills stills = new Stills(video, PICTURE_COLUMNS_MAX);
        return name -> config.cameras().stream()
                .filter(camera -> camera.name().equals(name))
                .findFirst()
                .flatMap(camera -> stills.latest(camera.track()))
                .map(still -> new SnapshotSource.Snapshot(still.jpeg(), still.takenMillis()));
    }

    private HttpSettings httpSettings(GatewayConfig.Http http) {
        return new HttpSettings(
                http.listen().host(),
                http.listen().port(),
                http.tokens().stream()
                        .map(token -> new HttpToken(token.name(), token.sha256().toLowerCase(Locale.ROOT)))
                        .toList(),
                http.allowAnonymous(),
                Set.of(),
                HttpSettings.Limits.DEFAULT.withBodiesBytesMax(memory.httpBodyBytes()));
    }
}
