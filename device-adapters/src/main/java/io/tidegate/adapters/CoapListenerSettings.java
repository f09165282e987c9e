package io.tidegate.adapters;

/**
 * Where the CoAP server listens. Plain CoAP knows no credentials: off loopback it must be said in so many words that
 * anybody may send.
 *
 * @param host an address or name of this machine; {@code 0.0.0.0} or {@code ::} for all
 * @param port 0: any, {@link CoapListener#port} says which
 * @param allowAnonymous anybody who reaches the port may send
 */
public record CoapListenerSettings(String host, int port, boolean allowAnonymous, CoapLimits limits) {
    public CoapListenerSettings {
        if (host.isBlank()) {
            throw new IllegalArgumentException("host of the CoAP server must not be empty");
        }
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port of the CoAP server must be 0 to 65535, found " + port);
        }
        if (!allowAnonymous && !MqttListenerSettings.isLoopback(host)) {
            throw new IllegalArgumentException("the CoAP server on " + host + " could be reached from the network by"
                    + " anybody, and plain CoAP knows no credentials: listen on 127.0.0.1, or set allow-anonymous:"
                    + " true");
        }
    }

    /** On 127.0.0.1, for every program of this machine. */
    public static CoapListenerSettings loopback(int port) {
        return new CoapListenerSettings("127.0.0.1", port, false, CoapLimits.DEFAULT);
    }

    public CoapListenerSettings withLimits(CoapLimits changed) {
        return new CoapListenerSettings(host, port, allowAnonymous, changed);
    }

    /** Whether only programs of this machine can reach it. Names are not looked up. */
    boolean isOnLoopback() {
        return MqttListenerSettings.isLoopback(host);
    }
}
