package io.tidegate.hardware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * kill -9 at random moments under load. More rounds with {@code ./run soak crash --rounds N}; a run is repeated with
 * {@code -Dseed=}.
 */
class CrashIT {
    private static final int ROUNDS = Integer.getInteger("crash.rounds", 3);
    private static final int MQTT_DEVICES = 10;
    private static final int COAP_DEVICES = 4;
    private static final Duration DRAIN_DEADLINE = Duration.ofSeconds(120);

    private final long seed = Long.getLong("seed", new Random().nextLong());
    private final Random random = new Random(seed);

    @TempDir
    Path directory;

    private interface Kill {
        void now(Site site) throws Exception;
    }

    @Test
    void killOfTheGateway_losesNothingAcknowledged() throws Exception {
        run("gateway", Site::killGateway);
    }

    @Test
    void killOfTheCentral_losesNothingAcknowledged() throws Exception {
        run("central", Site::killCentral);
    }

    private void run(String side, Kill kill) throws Exception {
        System.out.println("kill -9 of the " + side + ": " + ROUNDS + " rounds, seed " + seed);
        List<Device> devices = new ArrayList<>();
        try (Site site = Site.start(directory)) {
            long begun = System.nanoTime();
            devices.addAll(startDevices(site));
            for (int round = 0; round < ROUNDS; round++) {
                underLoadFor(Duration.ofMillis(1500 + random.nextInt(2500)));
                kill.now(site);
            }
            underLoadFor(Duration.ofMillis(1500));
            double seconds = (System.nanoTime() - begun) / 1e9;
            drain(devices);
            List<JsonNode> atGateway = Records.of(site.gateway(), "telemetry");
            await().atMost(DRAIN_DEADLINE)
                    .until(() -> Records.of(site.central(), "telemetry").size() >= atGateway.size());
            Account.Outcome outcome = Account.check(devices, atGateway);
            Account.checkCentral(atGateway, Records.of(site.central(), "telemetry"));
            summarise("kill -9 of the %s: seed %d, %d rounds, %d readings in %.0f s (%.0f/s), %d stored twice"
                    .formatted(
                            side,
                            seed,
                            ROUNDS,
                            outcome.readings(),
                            seconds,
                            outcome.readings() / seconds,
                            outcome.copies()));
            assertThat(outcome.readings()).isGreaterThan(100 * ROUNDS);
        } finally {
            for (Device device : devices) {
                device.close();
            }
        }
    }

    private static List<Device> startDevices(Site site) {
        List<Device> devices = new ArrayList<>();
        for (int i = 0; i < MQTT_DEVICES; i++) {
            String kind = i % 2 == 0 ? "numbered" : "plain";
            String name = kind + "-mqtt-" + i;
            devices.add(new MqttDevice(name, site::mqttPort, kind + "/" + name, 10).start());
        }
        for (int i = 0; i < COAP_DEVICES; i++) {
            String kind = i % 2 == 0 ? "numbered" : "plain";
            String name = kind + "-coap-" + i;
            devices.add(new CoapDevice(name, site::coapPort, kind + "/" + name).start());
        }
        return devices;
    }

    /** Time under load is what this test is made of; nothing is awaited but its passing. */
    private static void underLoadFor(Duration time) {
        long until = System.nanoTime() + time.toNanos();
        await().pollInterval(Duration.ofMillis(20))
                .atMost(time.plusSeconds(30))
                .until(() -> System.nanoTime() >= until);
    }

    private static void drain(List<Device> devices) {
        devices.forEach(Device::stopProducing);
        await().atMost(DRAIN_DEADLINE).until(() -> {
            devices.forEach(Device::rethrowFailure);
            return devices.stream().allMatch(device -> device.firstOpen() > device.count());
        });
    }

    private static void summarise(String line) throws IOException {
        System.out.println(line);
        Files.writeString(
                Path.of("target/crash-summary.txt"), line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
