package io.tidegate.gateway.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.MediaBytes;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.gateway.GatewayClient;
import io.tidegate.gateway.http.GatewayStatus;
import io.tidegate.gateway.http.HttpParts;
import io.tidegate.gateway.http.HttpServer;
import io.tidegate.gateway.http.HttpSettings;
import io.tidegate.support.InMemoryLog;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The account at the end of a demo must notice what is wrong at a central. */
class CentralAccountTest {
    private final FakeClock clock = new FakeClock(1_795_000_000_000L);
    private final InMemoryLog log = InMemoryLog.create(clock);
    private HttpServer server;
    private GatewayClient client;

    /** Acknowledged readings 1 to n. */
    private record Acknowledged(String name, DeviceLedger ledger) implements Device {
        static Acknowledged of(String name, int count) {
            DeviceLedger ledger = new DeviceLedger();
            for (int i = 0; i < count; i++) {
                ledger.acknowledge(ledger.take());
            }
            return new Acknowledged(name, ledger);
        }

        @Override
        public String kind() {
            return "test";
        }

        @Override
        public void stopTaking() {}

        @Override
        public boolean isDrained() {
            return true;
        }

        @Override
        public void close() {}
    }

    @BeforeEach
    void start() throws Exception {
        log.admin().create(StreamSettings.of(StreamName.TELEMETRY));
        log.admin().create(StreamSettings.of(StreamName.VIDEO));
        byte[] there = "123456789".getBytes(StandardCharsets.UTF_8);
        HttpParts parts = HttpParts.of(log, clock, () -> GatewayStatus.of("test", "central", Duration.ZERO))
                .withMedia(id -> id.value().equals("there")
                        ? Optional.of(new MediaBytes(
                                there.length,
                                Payload.wrap(there).crc32c(),
                                Channels.newChannel(new ByteArrayInputStream(there))))
                        : Optional.empty());
        server = HttpServer.start(HttpSettings.loopback(0), parts);
        client = new GatewayClient(URI.create("http://127.0.0.1:" + server.port()), null);
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    private void stored(String device, int... numbers) {
        for (int number : numbers) {
            append(StreamName.TELEMETRY, device, "{\"seq\":" + number + "}");
        }
    }

    private void append(StreamName stream, String key, String data) {
        log.append(AppendUnit.of(NewRecord.of(stream, key, Payload.ofUtf8(data))))
                .join();
    }

    @Test
    void whatIsMissing_twice_orOutOfOrder_isCounted() {
        stored("a", 1, 2, 3, 4);
        stored("b", 1, 3, 2, 3);
        assertThat(new CentralAccount(client).readings(List.of(Acknowledged.of("a", 4))))
                .as("b's records count, whoever asks")
                .isEqualTo(new CentralAccount.Readings(0, 1, 1));
        assertThat(new CentralAccount(client)
                        .readings(List.of(
                                Acknowledged.of("a", 5), Acknowledged.of("b", 3), Acknowledged.of("silent", 2))))
                .isEqualTo(new CentralAccount.Readings(3, 1, 1));
    }

    @Test
    void fragments_areMissing_withoutRecord_withoutBytes_orWithAnotherCrc() {
        // CRC-32C of "123456789" is e3069283 (RFC 3720 and every catalogue of CRCs).
        append(StreamName.VIDEO, "front/main", fragment("there", "e3069283"));
        append(StreamName.VIDEO, "front/main", fragment("gone", "e3069283"));
        CentralAccount account = new CentralAccount(client);
        assertThat(account.fragmentsMissing(CentralAccount.fragments(client))).isEqualTo(1);

        append(StreamName.VIDEO, "front/main", fragment("there", "00000000"));
        assertThat(account.fragmentsMissing(CentralAccount.fragments(client))).isEqualTo(2);
    }

    private static String fragment(String id, String crc) {
        return "{\"type\":\"fragment\",\"fragmentId\":\"" + id + "\",\"crc32c\":\"" + crc + "\"}";
    }

    @Test
    void result_complainsAboutEachBrokenPromise() {
        assertThat(result(100, 90, 0, 0, 1, 1, 0, 5).complaints()).isEmpty();
        assertThat(result(100, 89, 0, 0, 1, 1, 0, 5).complaints()).hasSize(1);
        assertThat(result(100, 100, 1, 0, 1, 1, 0, 5).complaints()).hasSize(1);
        assertThat(result(100, 100, 0, 1, 1, 1, 0, 5).complaints()).hasSize(1);
        assertThat(result(100, 100, 0, 0, 0, 1, 0, 5).complaints()).hasSize(1);
        assertThat(result(100, 100, 0, 0, 1, 0, 0, 5).complaints()).hasSize(1);
        assertThat(result(100, 100, 0, 0, 1, 1, 1, 5).complaints()).hasSize(1);
        assertThat(result(100, 100, 0, 0, 1, 1, 0, -1).complaints()).hasSize(1);
    }

    private static DemoResult result(
            long expected,
            long acknowledged,
            long missing,
            long duplicated,
            int outages,
            long fragments,
            long fragmentsMissing,
            long drainMillis) {
        return new DemoResult(
                expected,
                acknowledged,
                missing,
                duplicated,
                0,
                12,
                java.util.Map.of("mqtt", 1L, "coap", 1L),
                outages,
                10,
                1,
                true,
                fragments,
                fragmentsMissing,
                drainMillis);
    }
}
