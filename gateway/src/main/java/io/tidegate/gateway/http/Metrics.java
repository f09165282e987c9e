package io.tidegate.gateway.http;

import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.tidegate.core.stream.Payload;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.eclipse.jetty.http.HttpHeader;

/** {@code GET /metrics}: Prometheus text, or OpenMetrics for who asks for it. Thread-safe. */
final class Metrics {
    private final PrometheusRegistry registry;
    private final PrometheusTextFormatWriter plain = PrometheusTextFormatWriter.create();
    private final OpenMetricsTextFormatWriter open = OpenMetricsTextFormatWriter.create();

    Metrics(HttpParts parts, GatewayMetrics gateway) {
        registry = parts.metrics();
        registry.register(gateway);
    }

    void handle(Exchange exchange, PathParameters parameters) {
        String accept = exchange.header(HttpHeader.ACCEPT);
        ExpositionFormatWriter format = open.accepts(accept) ? open : plain;
        ByteArrayOutputStream out = new ByteArrayOutputStream(8192);
        try {
            format.write(out, registry.scrape(), EscapingScheme.UNDERSCORE_ESCAPING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        exchange.send(200, format.getContentType(), Payload.wrap(out.toByteArray()));
    }
}
