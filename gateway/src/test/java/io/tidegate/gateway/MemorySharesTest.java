package io.tidegate.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.adapters.BrokerLimits;
import io.tidegate.adapters.CoapLimits;
import io.tidegate.adapters.HttpIngestLimits;
import io.tidegate.adapters.MqttLimits;
import io.tidegate.capture.VideoStoreSettings;
import io.tidegate.core.runtime.MemoryPlan;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MemorySharesTest {
    private static final long MIB = 1 << 20;
    private static final VideoStoreSettings VIDEO = VideoStoreSettings.of(Path.of("video"));

    /** 96 MiB of heap: a twenty-fourth is 4 MiB, a forty-eighth 2 MiB. */
    @Test
    void limits_onASmallHeap_areLoweredToTheirShares() {
        MemoryShares shares = new MemoryShares(MemoryPlan.ofHeap(96 * MIB), 1, 1);

        assertThat(shares.mqtt(MqttLimits.DEFAULT).inFlightBytesMax()).isEqualTo(4 * MIB);
        assertThat(shares.coap(CoapLimits.DEFAULT).inFlightBytesMax()).isEqualTo(2 * MIB);
        assertThat(shares.brokerClient(BrokerLimits.DEFAULT).inFlightBytesMax()).isEqualTo(2 * MIB);
        assertThat(shares.httpIngest(HttpIngestLimits.DEFAULT).inFlightBytesMax())
                .isEqualTo(4 * MIB);
    }

    @Test
    void limits_onALargeHeap_stayAsTheyAre() {
        MemoryShares shares = new MemoryShares(MemoryPlan.ofHeap(4096 * MIB), 2, 2);

        assertThat(shares.mqtt(MqttLimits.DEFAULT)).isEqualTo(MqttLimits.DEFAULT);
        assertThat(shares.coap(CoapLimits.DEFAULT)).isEqualTo(CoapLimits.DEFAULT);
        assertThat(shares.brokerClient(BrokerLimits.DEFAULT)).isEqualTo(BrokerLimits.DEFAULT);
        assertThat(shares.httpIngest(HttpIngestLimits.DEFAULT)).isEqualTo(HttpIngestLimits.DEFAULT);
        assertThat(shares.video(VIDEO)).isEqualTo(VIDEO);
    }

    @Test
    void limits_onTheSmallestHeap_leaveRoomForOnePacketAndOneFragment() {
        MemoryShares shares = new MemoryShares(MemoryPlan.ofHeap(32 * MIB), 10, 10);

        assertThat(shares.mqtt(MqttLimits.DEFAULT).inFlightBytesMax()).isEqualTo(32 * MIB / 24);
        assertThat(shares.coap(CoapLimits.DEFAULT).inFlightBytesMax()).isEqualTo(32 * MIB / 24 / 2);
        assertThat(shares.brokerClient(BrokerLimits.DEFAULT).inFlightBytesMax()).isEqualTo(MIB + MIB / 16);
        assertThat(shares.httpIngest(HttpIngestLimits.DEFAULT).inFlightBytesMax())
                .isEqualTo(32 * MIB / 24);
        assertThat(shares.video(VIDEO).queueBytesMax()).isEqualTo(9 * MIB);
    }
}
