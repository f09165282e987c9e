package io.tidegate.gateway;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A running central stream: a log, a store for media, the receiving end of the offset contract, and the HTTP API. */
final class Central implements Service {
    private Central() {}

    static Central start(Path directory, HostPort listen, @Nullable Path tokens) {
        throw CommandFailure.failed("this build has no log");
    }

    @Override
    public Map<String, Integer> ports() {
        return Map.of();
    }

    @Override
    public String role() {
        return "central";
    }

    @Override
    public void close() {}
}
