package io.tidegate.adapters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.handler.codec.mqtt.MqttProperties;
import io.tidegate.adapters.MqttBrokerStatus.State;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.support.InMemoryLog;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The client against a broker that does what the test says. */
final class MqttBrokerClientTest {
    private static final int RECEIVE_MAXIMUM = 33;
    private static final int SESSION_EXPIRY = 17;
    private static final Duration SHORT = Duration.ofMillis(300);

    private final SystemClock clock = new SystemClock();
    private final InMemoryLog log = InMemoryLog.create(clock);
    private final Routes routes = Routes.of(List.of(), clock, ClockSync.TRUSTED);
    private final ScriptedBroker broker = new ScriptedBroker();

    @SuppressWarnings("NullAway.Init") // by connect(), in the tests that have a client
    private MqttBrokerClient client;

    MqttBrokerClientTest() throws IOException {}

    private void connect() {
        BrokerLimits limits = BrokerLimits.DEFAULT.withRetryMax(Duration.ofMillis(100));
        client = MqttBrokerClient.start(settings().withLimits(limits), routes, log, clock, new Random(1));
    }

    private MqttBrokerSettings settings() {
        return new MqttBrokerSettings(
                "plant",
                "tcp://127.0.0.1:" + broker.port(),
                "gateway-1",
                new BrokerLogin("ann", "secret-word"),
                List.of("plant/#", "tele/+/SENSOR"),
                BrokerLimits.DEFAULT);
    }

    @AfterEach
    void close() throws IOException {
        if (client != null) {
            client.close();
        }
        broker.close();
    }

    private ScriptedBroker.Connection connection(int number) {
        await().atMost(Duration.ofSeconds(20))
                .until(() -> broker.connections().size() >= number
                        && broker.connections().get(number - 1).isSubscribed());
        return broker.connections().get(number - 1);
    }

    private List<String> telemetry() {
        return StoredRecords.texts(log, StreamName.TELEMETRY);
    }

    @Test
    void connect_asksForAKeptSessionWithQos1AndABoundedWindow() {
        connect();

        ScriptedBroker.Connection first = connection(1);
        assertThat(first.connect().variableHeader().version()).isEqualTo(5);
        assertThat(first.connect().variableHeader().isCleanSession()).isFalse();
        assertThat(first.connect().payload().clientIdentifier()).isEqualTo("gateway-1");
        assertThat(first.connect().payload().userName()).isEqualTo("ann");
        MqttProperties properties = first.connect().variableHeader().properties();
        assertThat(properties.getProperty(RECEIVE_MAXIMUM).value()).isEqualTo(1_000);
        assertThat(properties.getProperty(SESSION_EXPIRY).value()).isEqualTo(604_800);
        assertThat(first.filters()).containsExactly("plant/#@1", "tele/+/SENSOR@1");
        await().until(() -> client.status().state() == State.CONNECTED);
        assertThat(client.status().connections()).isEqualTo(1);
    }

    @Test
    void message_isAcknowledgedAfterTheCommitAndNotBefore() throws Exception {
        connect();
        ScriptedBroker.Connection first = connection(1);
        log.holdCommits();
        first.publish(7, "plant/a", "1");
        first.publish(8, "plant/b", "2");
        await().until(() -> log.heldCount() == 2);
        await().during(SHORT).until(() -> first.acknowledged().isEmpty());
        log.commitHeld();

        await().until(() -> first.acknowledged().equals(List.of(7, 8)));
        assertThat(telemetry()).containsExactly("{\"value\":1}", "{\"value\":2}");
    }

    @Test
    void answerAfterTheConnectionWasLost_isNotSentOnTheNextOne() throws Exception {
        connect();
        ScriptedBroker.Connection first = connection(1);
        log.holdCommits();
        first.publish(7, "plant/a", "1");
        await().until(() -> log.heldCount() == 1);
        first.close();
        await().until(() -> client.status().state() == State.FAILED);
        // A client that hurries is connected again before the answer comes.
        await().during(SHORT).until(() -> true);
        log.commitHeld();
        ScriptedBroker.Connection second = connection(2);
        log.holdCommits();
        second.publish(7, "plant/b", "2");
        await().until(() -> log.heldCount() == 1);
        await().during(SHORT).until(() -> second.acknowledged().isEmpty());
        log.commitHeld();

        await().until(() -> second.acknowledged().equals(List.of(7)));
        assertThat(client.status().lateAnswers()).isEqualTo(1);
        assertThat(client.status().sessionsLost()).isEqualTo(1);
        assertThat(telemetry()).containsExactly("{\"value\":1}", "{\"value\":2}");
    }

    @Test
    void staleAcknowledgement_goesNowhere() throws Exception {
        BrokerConnection.Listener deaf = new BrokerConnection.Listener() {
            @Override
            public void arrived(BrokerConnection from, String topic, Payload payload, int qos, int id) {}

            @Override
            public void changed() {}
        };
        BrokerConnection old = BrokerConnection.open(settings(), deaf);
        await().until(() -> old.phase() == BrokerConnection.Phase.ACCEPTED);
        broker.connections().get(0).close();
        await().until(() -> old.phase() == BrokerConnection.Phase.LOST);
        BrokerConnection next = BrokerConnection.open(settings(), deaf);
        await().until(() -> next.phase() == BrokerConnection.Phase.ACCEPTED);

        assertThat(old.acknowledge(7)).isFalse();
        assertThat(next.acknowledge(8)).isTrue();

        await().until(() -> broker.connections().get(1).acknowledged().equals(List.of(8)));
        await().until(old::release);
        assertThat(old.acknowledge(7)).isFalse();
        next.disconnect();
        await().until(next::release);
    }

    @Test
    void brokerThatNeverAnswers_isGivenUpAndTriedAgain() throws Exception {
        broker.follow(new ScriptedBroker.Script(false, false, 1));
        BrokerLimits hasty =
                BrokerLimits.DEFAULT.withRetryMax(Duration.ofMillis(100)).withConnectTimeout(Duration.ofSeconds(1));
        client = MqttBrokerClient.start(settings().withLimits(hasty), routes, log, clock, new Random(1));

        await().atMost(Duration.ofSeconds(20)).until(() -> broker.connections().size() >= 2);
        assertThat(broker.connections().get(0).hasEnded()).isTrue();
        assertThat(client.status().detail()).contains("did not answer within 1000 ms");

        broker.follow(ScriptedBroker.Script.FRIENDLY);
        await().atMost(Duration.ofSeconds(20)).until(() -> client.status().state() == State.CONNECTED);
        await("threads of given-up connections end").until(() -> pahoThreads().size() <= 4);
    }

    @Test
    void brokerThatHangsUpAtOnce_costsNoThreads() throws Exception {
        broker.follow(new ScriptedBroker.Script(false, false, 1).hangingUp());
        connect();

        await().atMost(Duration.ofSeconds(30)).until(() -> broker.connections().size() >= 8);
        broker.follow(ScriptedBroker.Script.FRIENDLY);
        await().atMost(Duration.ofSeconds(20)).until(() -> client.status().state() == State.CONNECTED);
        await("threads of given-up connections end").until(() -> pahoThreads().size() <= 4);
    }

    private static List<String> pahoThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("MQTT "))
                .toList();
    }

    @Test
    void refusedSubscription_isAFailureWithTheReason() {
        broker.follow(new ScriptedBroker.Script(true, false, 0x87));
        connect();

        await().until(() -> client.status().detail().contains("plant/#"));
        assertThat(client.status().detail()).contains("135");
    }

    @Test
    void messageThatTheLogRefuses_endsTheConnectionAndComesAgain() throws Exception {
        connect();
        ScriptedBroker.Connection first = connection(1);
        log.refuse("the disk is full");
        first.publish(7, "plant/a", "1");
        await().until(first::hasEnded);
        assertThat(first.acknowledged()).isEmpty();
        assertThat(client.status().detail()).contains("the disk is full");

        log.refuse(null);
        ScriptedBroker.Connection second = connection(2);
        second.publish(7, "plant/a", "1");
        await().until(() -> second.acknowledged().equals(List.of(7)));
        assertThat(telemetry()).containsExactly("{\"value\":1}");
    }

    @Test
    void logWithoutRoom_holdsTheBrokerBackAndLosesNothing() throws Exception {
        connect();
        ScriptedBroker.Connection first = connection(1);
        log.limitRoom(5);
        for (int id = 1; id <= 50; id++) {
            first.publish(id, "plant/a", Integer.toString(id));
        }
        await().until(() -> first.acknowledged().size() == 5);
        await().during(SHORT).until(() -> first.acknowledged().size() == 5);
        log.makeRoom();

        await().until(() -> first.acknowledged().size() == 50);
        assertThat(first.acknowledged()).isSorted();
        assertThat(telemetry()).hasSize(50);
        assertThat(telemetry().get(49)).isEqualTo("{\"value\":50}");
    }

    @Test
    void close_acknowledgesWhatTheLogAnswersMeanwhile() throws Exception {
        connect();
        ScriptedBroker.Connection first = connection(1);
        await().until(() -> client.status().state() == State.CONNECTED);
        log.holdCommits();
        first.publish(7, "plant/a", "1");
        await().until(() -> log.heldCount() == 1);
        Thread closing = new Thread(client::close, "closing");
        closing.start();
        await().until(() -> closing.getState() == Thread.State.TIMED_WAITING);
        log.commitHeld();
        closing.join();

        assertThat(first.acknowledged()).containsExactly(7);
        await().until(() -> pahoThreads().isEmpty());
    }

    @Test
    void settings_thatCannotWork_areRefusedWithTheRemedy_andNeverShowThePassword() {
        assertThat(settings().toString()).contains("ann").doesNotContain("secret-word");
        assertThatThrownBy(() -> with("ssl://broker:8883", "plant/#")).hasMessageContaining("tcp://host:1883");
        assertThatThrownBy(() -> with("tcp://ann:secret-word@broker", "plant/#"))
                .hasMessageContaining("username")
                .hasMessageNotContaining("secret-word");
        assertThatThrownBy(() -> with("tcp://broker", "plant/#/x")).hasMessageContaining("plant/#/x");
        assertThat(with("tcp://broker", "plant/#").serverUri()).isEqualTo("tcp://broker:1883");
    }

    private static MqttBrokerSettings with(String url, String filter) {
        return new MqttBrokerSettings("plant", url, "gateway-1", null, List.of(filter), BrokerLimits.DEFAULT);
    }
}
