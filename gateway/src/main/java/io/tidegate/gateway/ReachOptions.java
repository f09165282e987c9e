package io.tidegate.gateway;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Which gateway to talk to: {@code --home}, {@code --url}, TIDEGATE_URL, the standard home, in that order. */
final class ReachOptions {
    @Mixin
    private HomeOption home = new HomeOption();

    @Option(names = "--url", paramLabel = "URL", description = "The gateway, such as http://127.0.0.1:8080.")
    private @Nullable String url;

    @Option(names = "--token", paramLabel = "TOKEN", description = "A token for its API (default: $$TIDEGATE_TOKEN).")
    private @Nullable String token;

    /** What is not said here is taken from what was said before the name of the command. */
    ReachOptions within(ReachOptions outer) {
        ReachOptions both = new ReachOptions();
        boolean isPlaceGiven = home.isGiven() || url != null;
        both.home = isPlaceGiven ? home : outer.home;
        both.url = isPlaceGiven ? url : outer.url;
        both.token = token == null ? outer.token : token;
        return both;
    }

    GatewayClient client() {
        return new GatewayClient(base(), token == null ? System.getenv("TIDEGATE_TOKEN") : token);
    }

    private URI base() {
        String named = url == null ? System.getenv("TIDEGATE_URL") : url;
        if (home.isGiven() || named == null) {
            return ofHome(home.path());
        }
        try {
            URI uri = URI.create(named);
            if (uri.getHost() != null && String.valueOf(uri.getScheme()).startsWith("http")) {
                return URI.create(uri.getScheme() + "://" + uri.getAuthority());
            }
        } catch (IllegalArgumentException e) {
            throw CommandFailure.usage("found the URL '" + named + "', expected one such as http://127.0.0.1:8080");
        }
        throw CommandFailure.usage("found the URL '" + named + "', expected one such as http://127.0.0.1:8080");
    }

    private static URI ofHome(Path home) {
        Path ports = home.resolve("run/ports.json");
        try {
            int port = JsonMapper.shared()
                    .readTree(Files.readString(ports))
                    .path("http")
                    .asInt(0);
            return URI.create("http://127.0.0.1:" + port);
        } catch (IOException | JacksonException e) {
            throw CommandFailure.notReachable("no gateway runs on the home " + home + " (there is no " + ports
                    + "); start one with 'tidegate run', or name one with --home DIR, --url URL or TIDEGATE_URL");
        }
    }
}
