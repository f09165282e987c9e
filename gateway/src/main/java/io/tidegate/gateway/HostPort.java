package io.tidegate.gateway;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where to listen: {@code 127.0.0.1:8080}, {@code [::1]:8080}, {@code localhost:0}. Port 0: any. */
record HostPort(String host, int port) {
    private static final Pattern FORM = Pattern.compile("(?:\\[([0-9a-fA-F:.]+)]|([A-Za-z0-9.-]+)):([0-9]{1,5})");
    private static final Pattern LOOPBACK = Pattern.compile("localhost|127(\\.[0-9]{1,3}){3}|::1|0:0:0:0:0:0:0:1");

    HostPort {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("found the port " + port + ", expected 0 to 65535");
        }
    }

    /** Throws IllegalArgumentException saying what was expected and found. */
    static HostPort parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "found '" + text + "', expected HOST:PORT such as 127.0.0.1:8080 or [::1]:8080");
        }
        String host = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
        return new HostPort(host, Integer.parseInt(matcher.group(3)));
    }

    /** Whether only programs of this machine can reach it. Names are not looked up. */
    boolean isLoopback() {
        return LOOPBACK.matcher(host).matches();
    }

    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
