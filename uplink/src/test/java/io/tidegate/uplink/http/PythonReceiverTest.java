package io.tidegate.uplink.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.support.FaultProxy;
import io.tidegate.support.InMemoryLog;
import io.tidegate.uplink.RejectionPolicy;
import io.tidegate.uplink.Uplink;
import io.tidegate.uplink.UplinkSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The uplink against a receiver in another language that was written from docs/uplink-http.md alone. */
class PythonReceiverTest {
    private static final Path PROGRAM = Path.of("../hardware-tests/peers/receiver.py");
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final Pattern NUMBER = Pattern.compile("\\\\\"data\\\\\":\\{\\\\\"n\\\\\": ([0-9]+) \\}");

    @TempDir
    Path directory;

    private Process start(Path file) throws IOException {
        return new ProcessBuilder("python3", PROGRAM.toString(), file.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static InetSocketAddress address(Process receiver) throws IOException {
        BufferedReader out = receiver.inputReader();
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(out.readLine()));
    }

    @Test
    void aWholeBacklog_arrives_withAnOutageAndAKilledReceiverInBetween() throws Exception {
        Path file = directory.resolve("received.ndjson");
        InMemoryLog log = InMemoryLog.create(new SystemClock());
        int written = 0;
        while (written < 2000) {
            append(log, ++written);
        }
        Process first = start(file);
        Process second = null;
        try (FaultProxy proxy = FaultProxy.to(address(first));
                Uplink uplink = uplink(log, proxy.port())) {
            await().atMost(DEADLINE).until(() -> numbers(file).size() >= 100);
            proxy.mode(FaultProxy.Mode.DROP_ANSWERS);
            await().atMost(DEADLINE).until(() -> proxy.answersDropped() > 2);
            proxy.mode(FaultProxy.Mode.CUT);
            first.destroyForcibly().waitFor();
            while (written < 2500) {
                append(log, ++written);
            }
            second = start(file);
            proxy.retarget(address(second));
            proxy.mode(FaultProxy.Mode.PASS);
            List<Integer> expected = new ArrayList<>();
            for (int i = 1; i <= written; i++) {
                expected.add(i);
            }
            await().atMost(DEADLINE)
                    .untilAsserted(() -> assertThat(numbers(file)).isEqualTo(expected));
            assertThat(uplink.status().retries()).isPositive();
        } finally {
            first.destroyForcibly();
            if (second != null) {
                second.destroyForcibly();
            }
        }
    }

    private static void append(InMemoryLog log, int number) {
        log.append(AppendUnit.of(NewRecord.of(StreamName.TELEMETRY, "key", Payload.ofUtf8("{\"n\": " + number + " }"))))
                .join();
    }

    private static Uplink uplink(InMemoryLog log, int port) {
        UplinkSettings settings = new UplinkSettings(
                "stranger",
                Set.of(StreamName.TELEMETRY),
                4_000,
                50,
                Duration.ofMillis(5),
                Duration.ofMillis(5),
                Duration.ofMillis(100),
                Duration.ofSeconds(5),
                RejectionPolicy.BLOCK,
                1 << 20);
        HttpDestinationSettings to =
                HttpDestinationSettings.of(URI.create("http://127.0.0.1:" + port), "unused-by-this-receiver");
        return Uplink.start(
                settings,
                HttpDestination.opener(to, log.gatewayId()),
                log,
                Optional.empty(),
                new SystemClock(),
                new Random(3));
    }

    /** The payloads in the receiver's file, in its order. */
    private static List<Integer> numbers(Path file) throws IOException {
        List<Integer> numbers = new ArrayList<>();
        if (Files.exists(file)) {
            Matcher matcher = NUMBER.matcher(Files.readString(file));
            while (matcher.find()) {
                numbers.add(Integer.valueOf(matcher.group(1)));
            }
        }
        return numbers;
    }
}
