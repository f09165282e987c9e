package io.tidegate.adapters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.support.InMemoryLog;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CoapListenerTest {
    private static final long SEED = Long.getLong("seed", 20_261_124L);
    private static final int MAX_AGE = 14;

    private final FakeClock clock = new FakeClock(1_795_395_723_000L);
    private final InMemoryLog log = InMemoryLog.create(clock);
    private final Routes routes = Routes.of(
            List.of(
                    RouteSettings.to("coap:numbers/{device}", StreamName.TELEMETRY)
                            .withDecoder(DecoderKind.NUMBER),
                    RouteSettings.dropping("coap:noise/#")),
            clock,
            ClockSync.TRUSTED);
    private CoapListener listener;
    private RawCoap device;

    @TempDir
    Path directory;

    @BeforeEach
    void start() throws IOException {
        listener = CoapListener.start(CoapListenerSettings.loopback(0), routes, log);
        device = new RawCoap(listener.port());
    }

    @AfterEach
    void stop() {
        device.close();
        listener.close();
    }

    private String coapClient(String... arguments) throws Exception {
        return Tool.run(directory, command(arguments));
    }

    private String[] command(String... arguments) {
        String[] command = new String[arguments.length + 4];
        command[0] = "coap-client-notls";
        command[1] = "-v7";
        command[2] = "-B";
        command[3] = "20";
        System.arraycopy(arguments, 0, command, 4, arguments.length);
        return command;
    }

    private String uri(String path) {
        return "coap://127.0.0.1:" + listener.port() + "/" + path;
    }

    private List<String> telemetry() {
        return StoredRecords.texts(log, StreamName.TELEMETRY);
    }

    @Test
    void coapClient_confirmablePost_isStoredVerbatimAndAnsweredWithTheAcknowledgement() throws Exception {
        String output = coapClient("-m", "post", "-t", "json", "-e", "{\"t\": 21.50}", uri("plant/press-3"));

        assertThat(output).contains("t:ACK c:2.04");
        assertThat(telemetry()).containsExactly("{\"t\": 21.50}");
        StreamRecord record = StoredRecords.of(log, StreamName.TELEMETRY).get(0);
        assertThat(record.partitionKey()).isEqualTo("plant/press-3");
        assertThat(record.attributes().get("source")).isEqualTo("coap");
        assertThat(record.attributes().get("topic")).isEqualTo("plant/press-3");
    }

    @Test
    void coapClient_nonConfirmablePut_isStoredAndAnsweredNonConfirmable() throws Exception {
        String output = coapClient("-N", "-m", "put", "-t", "plain", "-e", "open", uri("door"));

        assertThat(output).contains("t:NON c:2.04");
        assertThat(telemetry()).containsExactly("{\"text\":\"open\"}");
    }

    @Test
    void coapClient_uploadInBlocks_arrivesAsOneRecord() throws Exception {
        String body = "{\"wave\":\"" + "0123456789".repeat(1_000) + "\"}";
        Path file = Files.writeString(directory.resolve("body.json"), body);

        String output = coapClient("-m", "post", "-b", "512", "-f", file.toString(), uri("waves"));

        assertThat(output).contains("c:2.31").contains("c:2.04");
        assertThat(telemetry()).containsExactly(body);
    }

    @Test
    void coapClient_uploadOverTheLimit_isRefusedWith413() throws Exception {
        Path file = Files.writeString(directory.resolve("body.txt"), "x".repeat(70_000));

        String output = coapClient("-m", "post", "-f", file.toString(), uri("waves"));

        assertThat(output).contains("4.13");
        assertThat(telemetry()).isEmpty();
    }

    @Test
    void coapClient_get_isNotAllowed() throws Exception {
        assertThat(coapClient("-m", "get", uri("plant"))).contains("c:4.05");
        assertThat(coapClient("-m", "get", uri(".well-known/core"))).contains("c:4.05");
        assertThat(listener.stats().otherMethods()).isEqualTo(2);
    }

    @Test
    void coapClient_killedWhileItWaits_disturbsNobody() throws Exception {
        log.holdCommits();
        try (Tool client = Tool.start(directory, command("-m", "post", "-e", "1", uri("a")))) {
            await().until(() -> log.heldCount() == 1);
            client.kill();
        }
        log.commitHeld();

        assertThat(coapClient("-m", "post", "-e", "2", uri("a"))).contains("t:ACK c:2.04");
        assertThat(telemetry()).containsExactly("{\"value\":1}", "{\"value\":2}");
    }

    @Test
    void confirmablePost_committedSoon_isAnsweredInTheAcknowledgementAndNotBefore() throws Exception {
        log.holdCommits();
        device.send(RawCoap.request(RawCoap.CON, RawCoap.POST, 4711, "ab", "a/b", "1"));
        await().until(() -> log.heldCount() == 1);
        assertThat(device.receive(Duration.ofMillis(200))).isNull();
        log.commitHeld();

        RawCoap.Message answer = device.expect();
        assertThat(answer.type()).isEqualTo(RawCoap.ACK);
        assertThat(answer.code()).isEqualTo(RawCoap.CHANGED);
        assertThat(answer.id()).isEqualTo(4711);
        assertThat(answer.token()).isEqualTo("ab");
        assertThat(listener.stats().separateResponses()).isZero();
    }

    @Test
    void confirmablePost_committedLate_isAcknowledgedEmptyFirst() throws Exception {
        log.holdCommits();
        device.send(RawCoap.request(RawCoap.CON, RawCoap.PUT, 99, "xyz", "a", "1"));

        RawCoap.Message acknowledgement = device.expect();
        assertThat(acknowledgement.type()).isEqualTo(RawCoap.ACK);
        assertThat(acknowledgement.code()).isEqualTo(RawCoap.EMPTY);
        assertThat(acknowledgement.id()).isEqualTo(99);
        assertThat(telemetry()).isEmpty();
        assertThat(device.receive(Duration.ofMillis(300))).isNull();
        log.commitHeld();

        RawCoap.Message answer = device.expect();
        device.acknowledge(answer);
        assertThat(answer.type()).isEqualTo(RawCoap.CON);
        assertThat(answer.code()).isEqualTo(RawCoap.CHANGED);
        assertThat(answer.token()).isEqualTo("xyz");
        assertThat(listener.stats().separateResponses()).isEqualTo(1);
    }

    @Test
    void nonConfirmablePost_isNotAnsweredBeforeTheCommit() throws Exception {
        log.holdCommits();
        device.send(RawCoap.request(RawCoap.NON, RawCoap.POST, 5, "n", "a", "1"));
        await().until(() -> log.heldCount() == 1);
        assertThat(device.receive(Duration.ofMillis(700))).isNull();
        log.commitHeld();

        RawCoap.Message answer = device.expect();
        assertThat(answer.type()).isEqualTo(RawCoap.NON);
        assertThat(answer.code()).isEqualTo(RawCoap.CHANGED);
        assertThat(answer.token()).isEqualTo("n");
    }

    @Test
    void retransmission_getsTheFirstAnswerAgain_andIsNotStoredAgain() throws Exception {
        byte[] request = RawCoap.request(RawCoap.CON, RawCoap.POST, 8, "t", "a", "1");
        log.holdCommits();
        device.send(request);
        await().until(() -> log.heldCount() == 1);
        device.send(request);
        assertThat(device.receive(Duration.ofMillis(200))).isNull();
        log.commitHeld();
        RawCoap.Message first = device.expect();

        device.send(request);
        RawCoap.Message second = device.expect();

        assertThat(second.bytes()).isEqualTo(first.bytes());
        assertThat(telemetry()).containsExactly("{\"value\":1}");

        device.send(RawCoap.request(RawCoap.CON, RawCoap.POST, 9, "t", "a", "1"));
        assertThat(device.expect().code()).isEqualTo(RawCoap.CHANGED);
        assertThat(telemetry()).hasSize(2);
    }

    @Test
    void undecodable_isStoredInRejectedAndAnsweredWithTheReason() throws Exception {
        device.send(RawCoap.request(RawCoap.CON, RawCoap.POST, 1, "t", "numbers/s1", "warm"));

        RawCoap.Message answer = device.expect();
        assertThat(answer.code()).isEqualTo(RawCoap.CHANGED);
        assertThat(new String(answer.bytes().toBytes(), StandardCharsets.ISO_8859_1))
                .contains("_rejected")
                .contains("number");
        assertThat(StoredRecords.texts(log, StreamName.REJECTED)).containsExactly("warm");
    }

    @Test
    void dropped_isAnsweredAtOnce() throws Exception {
        log.holdCommits();
        device.send(RawCoap.request(RawCoap.CON, RawCoap.POST, 1, "t", "noise/s1", "1"));

        assertThat(device.expect().code()).isEqualTo(RawCoap.CHANGED);
        assertThat(listener.stats().messages().dropped()).isEqualTo(1);
    }

    @Test
    void whatCannotBeStoredNow_isRefusedWithTheTimeToComeAgain() throws Exception {
        log.refuse("the disk is full");
        device.send(RawCoap.request(RawCoap.CON, RawCoap.POST, 1, "t", "a", "1"));
        RawCoap.Message full = device.expect();
        assertThat(full.code()).isEqualTo(RawCoap.code(5, 3));
        assertThat(full.option(MAX_AGE)).isEqualTo(1);

        log.refuse(null);
        log.limitRoom(0);
        device.send(RawCoap.request(RawCoap.CON, RawCoap.POST, 2, "t", "a", "2"));
        RawCoap.Message behind = device.expect();
        assertThat(behind.code()).isEqualTo(RawCoap.code(5, 3));
        assertThat(behind.option(MAX_AGE)).isGreaterThanOrEqualTo(1);
        log.makeRoom();

        device.send(RawCoap.request(RawCoap.CON, RawCoap.POST, 3, "t", "a", "3"));
        assertThat(device.expect().code()).isEqualTo(RawCoap.CHANGED);
        assertThat(telemetry()).containsExactly("{\"value\":3}");
        await().until(() -> listener.stats().underWay() == 0);
    }

    @Test
    void inFlight_isBounded() throws Exception {
        CoapLimits two = new CoapLimits(64, 2, 1_000, 1, 16, Duration.ofMillis(500));
        try (CoapListener small =
                        CoapListener.start(CoapListenerSettings.loopback(0).withLimits(two), routes, log);
                RawCoap sender = new RawCoap(small.port())) {
            log.holdCommits();
            for (int id = 1; id <= 3; id++) {
                sender.send(RawCoap.request(RawCoap.NON, RawCoap.POST, id, "t" + id, "a", "1"));
            }
            RawCoap.Message refused = sender.expect();
            assertThat(refused.code()).isEqualTo(RawCoap.code(5, 3));
            assertThat(refused.token()).isEqualTo("t3");
            assertThat(log.heldCount()).isEqualTo(2);

            sender.send(RawCoap.request(RawCoap.NON, RawCoap.POST, 4, "t4", "a", "x".repeat(65)));
            assertThat(sender.expect().code()).isEqualTo(RawCoap.code(4, 13));
            log.commitHeld();
            assertThat(sender.expect().code()).isEqualTo(RawCoap.CHANGED);
        }
    }

    @Test
    void malformedDatagrams_stopNothing() throws Exception {
        Random random = new Random(SEED);
        byte[] valid = RawCoap.request(RawCoap.CON, RawCoap.POST, 1, "token", "plant/press-3", "{\"t\":1}");
        for (int i = 0; i < 2_000; i++) {
            device.send(mutated(valid, random));
        }
        try (RawCoap other = new RawCoap(listener.port())) {
            await("seed " + SEED).atMost(Duration.ofSeconds(20)).until(() -> {
                other.send(RawCoap.request(RawCoap.CON, RawCoap.POST, 1, "ok", "after", "1"));
                return other.receive(Duration.ofMillis(500)) != null;
            });
        }

        assertThat(StoredRecords.of(log, StreamName.TELEMETRY)
                        .get(telemetry().size() - 1)
                        .partitionKey())
                .isEqualTo("after");
        await().until(() -> listener.stats().underWay() == 0);
    }

    private static byte[] mutated(byte[] valid, Random random) {
        if (random.nextInt(10) == 0) {
            byte[] noise = new byte[random.nextInt(1_500)];
            random.nextBytes(noise);
            return noise;
        }
        byte[] bytes = Arrays.copyOf(valid, 1 + random.nextInt(valid.length + 8));
        for (int flips = random.nextInt(4); flips >= 0; flips--) {
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return bytes;
    }

    @Test
    void threads_areThreeAndEndWithTheServer() throws Exception {
        device.send(RawCoap.request(RawCoap.CON, RawCoap.POST, 1, "t", "a", "1"));
        device.expect();
        assertThat(threads()).hasSize(3);

        listener.close();
        await().until(() -> threads().isEmpty());
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("coap-") || name.contains("Coap") || name.contains("UDP"))
                .toList();
    }

    @Test
    void close_answersWhatTheLogAnswersMeanwhile() throws Exception {
        log.holdCommits();
        device.send(RawCoap.request(RawCoap.CON, RawCoap.POST, 1, "t", "a", "1"));
        await().until(() -> log.heldCount() == 1);
        Thread closing = new Thread(listener::close, "closing");
        closing.start();
        await().until(() -> closing.getState() == Thread.State.TIMED_WAITING);
        log.commitHeld();

        assertThat(device.expect().code()).isEqualTo(RawCoap.CHANGED);
        closing.join();
    }

    @Test
    void start_onAPortInUse_saysWhatToDo() {
        CoapListenerSettings same = CoapListenerSettings.loopback(listener.port());

        assertThatThrownBy(() -> CoapListener.start(same, routes, log))
                .isInstanceOf(AdapterException.class)
                .hasMessageContaining("127.0.0.1:" + listener.port())
                .hasMessageContaining("coap.port");
        await().until(() -> threads().size() <= 3);
    }

    @Test
    void settings_offLoopbackWithoutConsent_areRefusedWithTheRemedy() {
        assertThatThrownBy(() -> new CoapListenerSettings("0.0.0.0", 5683, false, CoapLimits.DEFAULT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0.0.0.0")
                .hasMessageContaining("allow-anonymous: true");
        assertThat(new CoapListenerSettings("0.0.0.0", 5683, true, CoapLimits.DEFAULT).isOnLoopback())
                .isFalse();
    }
}
