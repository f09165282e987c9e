package io.tidegate.gateway.demo;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.Closer;
import io.tidegate.gateway.CommandFailure;
import io.tidegate.gateway.GatewayClient;
import io.tidegate.gateway.StopSignal;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;

/**
 * One demo: central, link, gateway, devices, in this order; then a look every second; then the account.
 *
 * <p>Confined to the thread that runs it.
 */
final class Demo implements AutoCloseable {
    private static final int MQTT_DEVICES = 7;
    private static final int COAP_DEVICES = 5;
    private static final int NODES_MAX = 4;
    private static final long INTERVAL_MILLIS = 200;
    private static final Duration DRAIN_DEADLINE = Duration.ofSeconds(30);
    private static final Duration MINUTE = Duration.ofSeconds(60);
    private static final Duration OUTAGE = Duration.ofSeconds(15);

    private final DemoOptions options;
    private final PrintWriter out;
    private final Clock clock;
    private final SecureRandom random;
    private final StopSignal stop;
    private final Closer closer = new Closer();
    private final CountDownLatch never = new CountDownLatch(1);
    private final List<Device> devices = new ArrayList<>();
    private long backlogPeak;

    Demo(DemoOptions options, PrintWriter out, Clock clock, SecureRandom random, StopSignal stop) {
        this.options = options;
        this.out = out;
        this.clock = clock;
        this.random = random;
        this.stop = stop;
    }

    /** True if all is as promised. */
    boolean run() throws IOException, InterruptedException {
        DemoFiles files = DemoFiles.prepare(options.directory());
        byte[] token = new byte[24];
        random.nextBytes(token);
        files.writeToken(HexFormat.of().formatHex(token));

        ChildProcess central = closer.add(
                ChildProcess.start("central", files.central(), List.of("central", "--listen", "127.0.0.1:0")));
        central.awaitReady();
        OutageProxy link = closer.add(new OutageProxy(central.port("http"), clock, schedule()));
        files.writeConfig(link.port(), options.video());
        ChildProcess gateway = closer.add(ChildProcess.start(
                "gateway",
                files.gateway(),
                List.of("run", "--config", files.config().toString())));
        gateway.awaitReady();
        say("gateway  " + gateway.url() + "/console/");
        say("central  " + central.url() + "/console/");
        say("state    " + files.directory());

        long startNanos = clock.monotonicNanos();
        startDevices(gateway, files);
        watch(gateway, central, link, startNanos);
        long lastedMillis = (clock.monotonicNanos() - startNanos) / 1_000_000;
        long expected = lastedMillis / INTERVAL_MILLIS * devices.size();
        link.holdOpen();
        devices.forEach(Device::stopTaking);

        DemoResult result = account(gateway.client(), central.client(), link, expected);
        out.println(options.json() ? result.json() : result.text());
        out.flush();
        return result.complaints().isEmpty();
    }

    /** Down for 15 s of every minute; in a demo of less than a minute, for a quarter of it. */
    private OutageProxy.Schedule schedule() {
        Duration period = options.duration().compareTo(MINUTE) < 0 ? options.duration() : MINUTE;
        Duration quarter = period.dividedBy(4);
        return new OutageProxy.Schedule(period, period.dividedBy(3), quarter.compareTo(OUTAGE) < 0 ? quarter : OUTAGE);
    }

    private void startDevices(ChildProcess gateway, DemoFiles files) throws IOException {
        Path node = node();
        long secondsMax = options.duration().plus(DRAIN_DEADLINE).toSeconds();
        for (int i = 1; i <= MQTT_DEVICES; i++) {
            String name = "press-" + i;
            devices.add(closer.add(
                    i <= NODES_MAX && Files.isExecutable(node)
                            ? new NodeDevice(
                                    node, name, gateway.port("mqtt"), files.devices(), INTERVAL_MILLIS, secondsMax)
                            : new MqttDevice(name, gateway.port("mqtt"), clock, INTERVAL_MILLIS)));
        }
        for (int i = 1; i <= COAP_DEVICES; i++) {
            devices.add(closer.add(new CoapDevice("meter-" + i, gateway.port("coap"), clock, INTERVAL_MILLIS)));
        }
    }

    /** The sample node in C, if it was built beside this tree. */
    private static Path node() {
        Path tree = Path.of(System.getProperty("tidegate.directory", "."));
        return tree.resolve("../../../firmware-samples/posix-node/build/tidegate-node")
                .normalize();
    }

    private void watch(ChildProcess gateway, ChildProcess central, OutageProxy link, long startNanos)
            throws IOException, InterruptedException {
        GatewayClient client = gateway.client();
        long nanos = options.duration().toNanos();
        while (clock.monotonicNanos() - startNanos < nanos && !stop.await(Duration.ofSeconds(1))) {
            for (ChildProcess child : List.of(gateway, central)) {
                if (!child.isAlive()) {
                    throw CommandFailure.failed("a process of the demo ended by itself: " + child.said());
                }
            }
            long backlog = backlog(client);
            backlogPeak = Math.max(backlogPeak, backlog);
            long seconds = (clock.monotonicNanos() - startNanos) / 1_000_000_000;
            say(String.format(
                    "%4d s  acknowledged %6d  backlog %5d  link %s",
                    seconds, acknowledged(), backlog, link.isDown() ? "DOWN" : "up"));
        }
    }

    private static long backlog(GatewayClient gateway) {
        long pending = 0;
        for (JsonNode uplink : gateway.get("/api/v1/status").path("uplinks")) {
            pending += uplink.path("pendingRecords").asLong();
        }
        return pending;
    }

    private long acknowledged() {
        return devices.stream()
                .mapToLong(device -> device.ledger().acknowledgedCount())
                .sum();
    }

    private DemoResult account(GatewayClient gateway, GatewayClient central, OutageProxy link, long expected)
            throws InterruptedException {
        long endNanos = clock.monotonicNanos();
        while (!devices.stream().allMatch(Device::isDrained) && withinDeadline(endNanos)) {
            pause();
        }
        List<JsonNode> fragments = CentralAccount.fragments(gateway);
        CentralAccount account = new CentralAccount(central);
        while (!isDrained(gateway, account, fragments) && withinDeadline(endNanos)) {
            pause();
        }
        long drainMillis = withinDeadline(endNanos) ? (clock.monotonicNanos() - endNanos) / 1_000_000 : -1;
        CentralAccount.Readings readings = account.readings(devices);
        Map<String, Long> kinds = new TreeMap<>();
        for (Device device : devices) {
            kinds.merge(device.kind(), (long) device.ledger().acknowledgedCount(), Long::sum);
        }
        return new DemoResult(
                expected,
                acknowledged(),
                readings.missing(),
                readings.duplicated(),
                readings.reordered(),
                devices.size(),
                kinds,
                link.outages(),
                backlogPeak,
                account.count("overheat"),
                options.video(),
                fragments.size(),
                account.fragmentsMissing(fragments),
                drainMillis);
    }

    /** The camera goes on, so the backlog is empty when it was so once after the devices' end, and all fragments are there. */
    private static boolean isDrained(GatewayClient gateway, CentralAccount account, List<JsonNode> fragments) {
        return backlog(gateway) == 0 && account.fragmentsMissing(fragments) == 0;
    }

    private boolean withinDeadline(long sinceNanos) {
        return clock.monotonicNanos() - sinceNanos < DRAIN_DEADLINE.toNanos();
    }

    private void pause() throws InterruptedException {
        if (never.await(100, TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException("nobody counts this down");
        }
    }

    /** Chatter, not data: with JSON output only the last line is for programs, but all lines may be read. */
    private void say(String line) {
        if (!options.json()) {
            out.println(line);
            out.flush();
        }
    }

    @Override
    public void close() throws Exception {
        closer.close();
    }
}
