package io.tidegate.gateway.http;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Where the HTTP server listens, who may use it, and its limits.
 *
 * @param host a name or address of this machine; off loopback it needs tokens or {@code allowAnonymous}
 * @param port 0: any free one
 * @param tokens who may use the API; empty: everybody who can reach the listener
 * @param allowAnonymous listens off loopback without tokens, on the operator's word
 * @param hostNames what a Host header may say besides the loopback names, on a loopback listener (a reverse proxy's
 *     name); lower case, without port
 * @param limits what bounds it
 */
public record HttpSettings(
        String host, int port, List<HttpToken> tokens, boolean allowAnonymous, Set<String> hostNames, Limits limits) {

    /**
     * What bounds the server.
     *
     * @param bodyBytesMax the largest request body; a receiving end needs a little over 16 MiB (offset contract)
     * @param bodiesBytesMax all request bodies held at one time; raised to the largest body if it is smaller
     * @param tailsMax clients that tail at one time
     * @param idleTimeout a connection on which nothing moves is closed
     * @param bodyTimeout how long a client may take to send its body
     * @param stallTimeout a tailing client that takes nothing for this long is dropped
     * @param heartbeat a tail without events says this often that it is alive
     * @param stopDeadline requests under way at a stop are given this long
     */
    public record Limits(
            int bodyBytesMax,
            long bodiesBytesMax,
            int connectionsMax,
            int tailsMax,
            Duration idleTimeout,
            Duration bodyTimeout,
            Duration stallTimeout,
            Duration heartbeat,
            Duration stopDeadline) {
        public static final Limits DEFAULT = new Limits(
                17 << 20,
                24L << 20,
                256,
                32,
                Duration.ofSeconds(30),
                Duration.ofSeconds(60),
                Duration.ofSeconds(15),
                Duration.ofSeconds(10),
                Duration.ofSeconds(4));

        public Limits {
            atLeast(1024, bodyBytesMax, "http body-bytes-max");
            atLeast(1, connectionsMax, "http connections-max");
            atLeast(1, tailsMax, "http tails-max");
            positive(idleTimeout, "http idle-timeout");
            positive(bodyTimeout, "http body-timeout");
            positive(stallTimeout, "http stall-timeout");
            positive(heartbeat, "http heartbeat");
            positive(stopDeadline, "http stop-deadline");
            bodiesBytesMax = Math.max(bodiesBytesMax, bodyBytesMax);
        }

        /** With the memory that the plan gives to bodies; no single body is larger than that. */
        public Limits withBodiesBytesMax(long bytes) {
            int one = (int) Math.max(1 << 20, Math.min(bodyBytesMax, bytes));
            return new Limits(
                    one,
                    bytes,
                    connectionsMax,
                    tailsMax,
                    idleTimeout,
                    bodyTimeout,
                    stallTimeout,
                    heartbeat,
                    stopDeadline);
        }

        private static void atLeast(int min, int value, String name) {
            if (value < min) {
                throw new IllegalArgumentException(name + " must be at least " + min + ", found " + value);
            }
        }

        private static void positive(Duration value, String name) {
            if (value.isNegative() || value.isZero()) {
                throw new IllegalArgumentException(name + " must be positive, found " + value);
            }
        }
    }

    public HttpSettings {
        if (host.isBlank()) {
            throw new IllegalArgumentException("http host is empty, expected a name or address such as 127.0.0.1");
        }
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("http port must be 0 to 65535, found " + port);
        }
        tokens = List.copyOf(tokens);
        if (tokens.stream().map(HttpToken::name).distinct().count() != tokens.size()) {
            throw new IllegalArgumentException("http tokens must have different names");
        }
        hostNames = Set.copyOf(hostNames);
        for (String name : hostNames) {
            if (!name.equals(name.toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException("http host name must be lower case, found '" + name + "'");
            }
        }
    }

    /** On loopback, for everybody on this machine, with the default limits. */
    public static HttpSettings loopback(int port) {
        return new HttpSettings("127.0.0.1", port, List.of(), false, Set.of(), Limits.DEFAULT);
    }

    public HttpSettings withTokens(List<HttpToken> changed) {
        return new HttpSettings(host, port, changed, allowAnonymous, hostNames, limits);
    }

    public HttpSettings withLimits(Limits changed) {
        return new HttpSettings(host, port, tokens, allowAnonymous, hostNames, changed);
    }

    /** Whether only this machine can reach the listener; throws IllegalArgumentException if the host is not known. */
    boolean isLoopback() {
        try {
            for (InetAddress address : InetAddress.getAllByName(host)) {
                if (!address.isLoopbackAddress()) {
                    return false;
                }
            }
            return true;
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("http host '" + host + "' is not a name or address of this machine", e);
        }
    }

    /** P7: throws IllegalArgumentException saying what to do if strangers could get in. */
    void refuseOpenDoor() {
        if (!isLoopback() && tokens.isEmpty() && !allowAnonymous) {
            throw new IllegalArgumentException("http host " + host + " can be reached from other machines, but there"
                    + " are no http.tokens: add a token (name and sha256), or listen on 127.0.0.1, or set"
                    + " http.allow-anonymous: true to let everybody in");
        }
    }
}
