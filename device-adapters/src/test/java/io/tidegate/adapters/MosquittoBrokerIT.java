package io.tidegate.adapters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.adapters.MqttBrokerStatus.State;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.StreamName;
import io.tidegate.support.InMemoryLog;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client and Debian's mosquitto, which is killed and started again. */
final class MosquittoBrokerIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final SystemClock clock = new SystemClock();
    private final Routes routes = Routes.of(
            List.of(RouteSettings.to("mqtt:numbered/#", StreamName.TELEMETRY).withSequence("$.seq")),
            clock,
            ClockSync.TRUSTED);
    private InMemoryLog log = InMemoryLog.create(clock);
    private int port;
    private Tool broker;
    private MqttBrokerClient client;

    @TempDir
    Path directory;

    @BeforeEach
    void start() throws Exception {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Files.writeString(directory.resolve("mosquitto.conf"), """
                listener %d 127.0.0.1
                allow_anonymous true
                user root
                persistence true
                persistence_location %s/
                max_inflight_messages 1000
                max_queued_messages 100000
                """.formatted(port, directory));
        startBroker();
        client = startClient();
        awaitConnected();
    }

    @AfterEach
    void stop() {
        client.close();
        broker.close();
    }

    private void startBroker() throws IOException {
        String program = Files.isExecutable(Path.of("/usr/sbin/mosquitto")) ? "/usr/sbin/mosquitto" : "mosquitto";
        broker = Tool.start(
                directory, program, "-c", directory.resolve("mosquitto.conf").toString());
        await().atMost(PATIENCE).until(() -> {
            assertThat(broker.isRunning()).as(broker.output()).isTrue();
            try (Socket probe = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return probe.isConnected();
            } catch (IOException e) {
                return false;
            }
        });
    }

    private MqttBrokerClient startClient() {
        MqttBrokerSettings settings = new MqttBrokerSettings(
                "plant",
                "tcp://127.0.0.1:" + port,
                "gateway-1",
                null,
                List.of("#"),
                BrokerLimits.DEFAULT.withRetryMax(Duration.ofMillis(300)));
        return MqttBrokerClient.start(settings, routes, log, clock, new Random(1));
    }

    private void awaitConnected() {
        await().atMost(PATIENCE).until(() -> client.status().state() == State.CONNECTED);
    }

    /** One reading per line, QoS 1, in one connection. */
    private void publish(String topic, List<String> lines) throws Exception {
        Path file = Files.createTempFile(directory, "lines-", ".txt");
        Files.write(file, lines);
        String output = Tool.run(
                directory,
                "sh",
                "-c",
                "mosquitto_pub -V 5 -h 127.0.0.1 -p " + port + " -q 1 -t " + topic + " -l < " + file);
        assertThat(output).isEmpty();
    }

    private static List<String> readings(int from, int toExclusive) {
        return IntStream.range(from, toExclusive)
                .mapToObj(number -> "{\"seq\":" + number + "}")
                .toList();
    }

    private List<String> telemetry() {
        return StoredRecords.texts(log, StreamName.TELEMETRY);
    }

    @Test
    void publishedReadings_areStoredOnceInOrder() throws Exception {
        publish("plant/a", readings(0, 500));

        await().atMost(PATIENCE).until(() -> telemetry().size() >= 500);
        assertThat(telemetry()).isEqualTo(readings(0, 500));
    }

    @Test
    void brokerRestartedWhileReadingsWaitForTheLog_sendsThemAgain_andTheSequenceRecognisesThem() throws Exception {
        log.holdCommits();
        publish("numbered/a", readings(0, 50));
        await().atMost(PATIENCE).until(() -> log.heldCount() == 50);
        broker.terminate();
        await().atMost(PATIENCE).until(() -> client.status().state() == State.FAILED);
        startBroker();
        log.commitHeld();
        awaitConnected();
        publish("numbered/a", readings(50, 60));

        await().atMost(PATIENCE)
                .until(() -> client.status().messages().duplicates() == 50
                        && telemetry().size() == 60);
        assertThat(telemetry()).isEqualTo(readings(0, 60));
        assertThat(client.status().sessionsLost()).isZero();
    }

    @Test
    void brokerKilledInTheMiddle_losesNothingThatItHandedOver_andTheClientComesBackByItself() throws Exception {
        List<String> expected = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            List<String> lines = readings(round * 200, round * 200 + 200);
            log.holdCommits();
            publish("plant/a", lines);
            await().atMost(PATIENCE).until(() -> log.heldCount() == 200);
            broker.kill();
            await().atMost(PATIENCE).until(() -> client.status().state() == State.FAILED);
            log.commitHeld();
            expected.addAll(lines);
            assertThat(telemetry()).isEqualTo(expected);
            startBroker();
            awaitConnected();
        }
        publish("plant/a", readings(600, 700));
        expected.addAll(readings(600, 700));

        await().atMost(PATIENCE).until(() -> telemetry().size() >= 700);
        assertThat(telemetry()).isEqualTo(expected);
        assertThat(client.status().lateAnswers()).isEqualTo(600);
    }

    @Test
    void gatewayThatDiesBeforeItsCommit_getsTheReadingsAgain() throws Exception {
        log.holdCommits();
        publish("plant/a", readings(0, 100));
        await().atMost(PATIENCE).until(() -> log.heldCount() == 100);
        client.close();
        log = log.reopen();
        assertThat(telemetry()).isEmpty();
        publish("plant/a", readings(100, 120));
        client = startClient();

        await().atMost(PATIENCE).until(() -> telemetry().size() >= 120);
        assertThat(telemetry()).isEqualTo(readings(0, 120));
    }
}
