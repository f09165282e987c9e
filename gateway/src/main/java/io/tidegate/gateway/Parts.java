package io.tidegate.gateway;

import io.tidegate.adapters.CoapListener;
import io.tidegate.adapters.CoapListenerSettings;
import io.tidegate.adapters.IngestCounts;
import io.tidegate.adapters.Routes;
import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.Closer;
import io.tidegate.core.runtime.MemoryPlan;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.gateway.http.GatewayStatus;
import io.tidegate.gateway.http.HttpParts;
import io.tidegate.gateway.http.HttpServer;
import io.tidegate.gateway.http.HttpSettings;
import io.tidegate.gateway.http.HttpToken;
import io.tidegate.gateway.http.PartState;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.Locale;
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

    StreamLog log() {
        throw CommandFailure.failed("this build has no log");
    }

    void uplinks(StreamLog log) {}

    void rules(StreamLog log) {}

    void cameras(StreamLog log) {}

    void adapters(StreamLog log, Routes routes) {
        coap(log, routes);
    }

    private void coap(StreamLog log, Routes routes) {
        CoapListenerSettings settings = config.coap();
        if (settings == null) {
            return;
        }
        CoapListener coap = closer.add(CoapListener.start(settings, routes, log));
        board.port("coap", coap.port());
        board.adapter(() -> new GatewayStatus.Adapter(
                "coap", "coap", PartState.RUNNING, null, 0, counts(coap.stats().messages())));
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

    void http(StreamLog log) throws IOException {
        HttpServer server = closer.add(HttpServer.start(httpSettings(config.http()), HttpParts.of(log, clock, board)));
        board.port("http", server.port());
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
