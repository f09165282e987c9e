package io.tidegate.gateway;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a gateway keeps its state. */
final class HomeOption {
    @Option(
            names = "--home",
            paramLabel = "DIR",
            description = "Where the state is (default: $$TIDEGATE_HOME, else ~/.local/state/tidegate).")
    private @Nullable Path home;

    boolean isGiven() {
        return home != null;
    }

    Path path() {
        return (home == null ? standard() : home).toAbsolutePath().normalize();
    }

    private static Path standard() {
        String named = System.getenv("TIDEGATE_HOME");
        if (named != null) {
            return Path.of(named);
        }
        String state = System.getenv("XDG_STATE_HOME");
        return state == null
                ? Path.of(System.getProperty("user.home"), ".local/state/tidegate")
                : Path.of(state, "tidegate");
    }
}
