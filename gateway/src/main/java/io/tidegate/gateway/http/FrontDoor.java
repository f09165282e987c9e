package io.tidegate.gateway.http;

import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamLogException;
import java.net.URI;
import java.net.URISyntaxException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Decides who comes in. A Host header that names another machine than this one (DNS rebinding), or a page of another
 * origin (cross-site request), is sent away before any token is looked at; then a bearer token is asked for, but not
 * for health, the console's own files and the offset contract, which has tokens of its own.
 *
 * <p>Thread-safe.
 */
final class FrontDoor extends Handler.Abstract {
    private static final Set<String> LOOPBACK_NAMES = Set.of("localhost", "127.0.0.1", "[::1]", "::1");

    private record Known(String name, Payload sha256) {}

    private final HttpSettings settings;
    private final boolean loopback;
    private final List<Known> known = new ArrayList<>();
    private final Routes routes;

    FrontDoor(HttpSettings settings, Routes routes) {
        this.settings = settings;
        this.loopback = settings.isLoopback();
        this.routes = routes;
        for (HttpToken token : settings.tokens()) {
            known.add(new Known(token.name(), Payload.wrap(HexFormat.of().parseHex(token.sha256Hex()))));
        }
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        response.getHeaders().put("X-Content-Type-Options", "nosniff");
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
        String path = Request.getPathInContext(request);
        Optional<String> user = path.startsWith("/sync/") ? Optional.empty() : user(request);
        Exchange exchange = new Exchange(request, response, callback, user.orElse(null));
        try {
            checkHost(request);
            checkOrigin(request);
            if (!known.isEmpty() && user.isEmpty() && !isOpen(path)) {
                response.getHeaders().put(HttpHeader.WWW_AUTHENTICATE, "Bearer realm=\"tidegate\"");
                throw new HttpProblemException(
                        401,
                        "token-required",
                        "send the header Authorization: Bearer TOKEN with a token of http.tokens");
            }
            routes.handle(exchange, path);
        } catch (HttpProblemException e) {
            exchange.problem(e.status(), e.code(), e.detail());
        } catch (StreamLogException e) {
            answerFor(exchange, e);
        } catch (RuntimeException e) {
            Logger.error(e, "HTTP request failed: {} {}", request.getMethod(), path);
            exchange.problem(500, "internal", "the request failed; the log of the gateway says why");
        }
        return true;
    }

    static void answerFor(Exchange exchange, StreamLogException e) {
        switch (e.category()) {
            case RETRY -> exchange.busy(503, "log-busy", String.valueOf(e.getMessage()), 1);
            case REJECT -> exchange.problem(400, "rejected", String.valueOf(e.getMessage()));
            case FATAL -> exchange.problem(500, "log-failed", String.valueOf(e.getMessage()));
        }
    }

    private static boolean isOpen(String path) {
        return path.equals("/")
                || path.equals("/healthz")
                || path.equals("/readyz")
                || path.equals("/console")
                || path.startsWith("/console/")
                || path.startsWith("/sync/");
    }

    private void checkHost(Request request) {
        if (!loopback) {
            return;
        }
        String name = Request.getServerName(request);
        String lower = name == null ? "" : name.toLowerCase(Locale.ROOT);
        if (!isOurName(lower)) {
            throw new HttpProblemException(
                    421,
                    "host-not-allowed",
                    "this listener answers to localhost, 127.0.0.1 and [::1], found Host '" + lower
                            + "'; a proxy in front of it must send one of them");
        }
    }

    private boolean isOurName(String lower) {
        return LOOPBACK_NAMES.contains(lower)
                || lower.equals(settings.host().toLowerCase(Locale.ROOT))
                || settings.hostNames().contains(lower);
    }

    private static void checkOrigin(Request request) {
        String origin = request.getHeaders().get(HttpHeader.ORIGIN);
        if (origin == null) {
            return;
        }
        String host = request.getHeaders().get(HttpHeader.HOST);
        if (host == null || !host.equalsIgnoreCase(authority(origin))) {
            throw new HttpProblemException(
                    403, "origin-not-allowed", "pages of another origin may not use this API, found '" + origin + "'");
        }
    }

    private static @Nullable String authority(String origin) {
        try {
            return new URI(origin).getRawAuthority();
        } catch (URISyntaxException e) {
            return null;
        }
    }

    /** The name of the token that came with the request. Looks at every known token, so that time tells nothing. */
    private Optional<String> user(Request request) {
        String header = request.getHeaders().get(HttpHeader.AUTHORIZATION);
        if (header == null || !header.regionMatches(true, 0, "Bearer ", 0, 7)) {
            return Optional.empty();
        }
        byte[] presented = HttpToken.sha256(header.substring(7).strip());
        Optional<String> found = Optional.empty();
        for (Known one : known) {
            if (MessageDigest.isEqual(one.sha256().toBytes(), presented)) {
                found = Optional.of(one.name());
            }
        }
        return found;
    }
}
