package io.tidegate.gateway.demo;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.gateway.CommandFailure;
import io.tidegate.gateway.OutputOption;
import io.tidegate.gateway.StopSignal;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tidegate demo}. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description =
                "Runs a gateway and a central with 12 simulated devices and a camera, and accounts for every reading.",
        footer = {
            "",
            "Everything listens on loopback. The link to the central is down for 15 s of every minute. At the end (--for, or",
            "Ctrl-C) the devices' own accounts are held against what the central serves; exit code 1 if anything is not as",
            "promised."
        })
public final class DemoCommand implements Callable<Integer> {
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,6})(s|m|h)");
    private static final Duration STOP_DEADLINE = Duration.ofSeconds(90);

    @Option(
            names = "--home",
            paramLabel = "DIR",
            description = "Where its state is (default: ~/.local/state/tidegate-demo).")
    private @Nullable Path home;

    @Option(
            names = "--for",
            paramLabel = "TIME",
            description = "How long, such as 60s or 5m, at least 20s (default: until Ctrl-C).")
    private @Nullable String length;

    @Option(names = "--no-video", description = "Without the camera.")
    private boolean noVideo;

    @Mixin
    private OutputOption output = new OutputOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws Exception {
        Duration duration = duration();
        Path directory = home == null ? Path.of(System.getProperty("user.home"), ".local/state/tidegate-demo") : home;
        DemoOptions options =
                new DemoOptions(directory.toAbsolutePath().normalize(), duration, !noVideo, output.isJson());
        StopSignal stop = StopSignal.install(STOP_DEADLINE);
        int exitCode = 1;
        try (Demo demo = new Demo(options, spec.commandLine().getOut(), new SystemClock(), new SecureRandom(), stop)) {
            exitCode = demo.run() ? 0 : 1;
        } finally {
            stop.finished(exitCode);
        }
        return exitCode;
    }

    private Duration duration() {
        String text = length;
        if (text == null) {
            return Duration.ofDays(3_000);
        }
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw CommandFailure.usage("found --for '" + text + "', expected a time such as 60s or 5m");
        }
        long number = Long.parseLong(matcher.group(1));
        Duration found =
                switch (matcher.group(2)) {
                    case "s" -> Duration.ofSeconds(number);
                    case "m" -> Duration.ofMinutes(number);
                    default -> Duration.ofHours(number);
                };
        if (found.compareTo(Duration.ofSeconds(20)) < 0) {
            throw CommandFailure.usage("found --for '" + text + "', expected at least 20s: an outage must take part");
        }
        return found;
    }
}
