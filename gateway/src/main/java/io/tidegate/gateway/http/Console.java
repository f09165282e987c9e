package io.tidegate.gateway.http;

import io.tidegate.core.stream.Payload;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.http.HttpHeader;

/**
 * {@code GET /console/}: the status page, three files that come with the program. It holds no data and no secret; what
 * it shows it asks the API for. Immutable.
 */
final class Console {
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self';"
            + " img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none';"
            + " frame-ancestors 'none'";

    private record Asset(String contentType, Payload content, String etag) {}

    private final Map<String, Asset> assets = new HashMap<>();

    private Console() {}

    /** Throws UncheckedIOException if the program is not complete. */
    static Console load() {
        Console console = new Console();
        for (List<String> one : List.of(
                List.of("index.html", "text/html; charset=utf-8"),
                List.of("console.css", "text/css; charset=utf-8"),
                List.of("console.js", "text/javascript; charset=utf-8"),
                List.of("icon.svg", "image/svg+xml"))) {
            console.assets.put(one.get(0), read(one.get(0), one.get(1)));
        }
        return console;
    }

    private static Asset read(String name, String contentType) {
        try (InputStream in = Console.class.getResourceAsStream("console/" + name)) {
            if (in == null) {
                throw new IOException("the program lacks its file console/" + name);
            }
            Payload content = Payload.wrap(in.readAllBytes());
            String etag = '"' + HexFormat.of().formatHex(HttpToken.sha256(content.utf8()), 0, 12) + '"';
            return new Asset(contentType, content, etag);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void handle(Exchange exchange, PathParameters parameters) {
        Asset asset = assets.get(parameters.getOr("file", "index.html"));
        if (asset == null) {
            throw new HttpProblemException(404, "not-found", "the console has no such file");
        }
        exchange.response().getHeaders().put("Content-Security-Policy", POLICY);
        exchange.response().getHeaders().put("Referrer-Policy", "no-referrer");
        exchange.response().getHeaders().put(HttpHeader.CACHE_CONTROL, "no-cache");
        exchange.response().getHeaders().put(HttpHeader.ETAG, asset.etag());
        if (asset.etag().equals(exchange.header(HttpHeader.IF_NONE_MATCH))) {
            exchange.send(304, asset.contentType(), Payload.EMPTY);
        } else {
            exchange.send(200, asset.contentType(), asset.content());
        }
    }
}
