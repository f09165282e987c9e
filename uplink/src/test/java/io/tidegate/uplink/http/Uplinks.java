package io.tidegate.uplink.http;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.stream.MediaSource;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.uplink.RejectionPolicy;
import io.tidegate.uplink.Uplink;
import io.tidegate.uplink.UplinkSettings;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/** Uplinks in small units, that wait and try again in milliseconds. */
final class Uplinks {
    private Uplinks() {}

    static UplinkSettings settings() {
        return new UplinkSettings(
                "central",
                Set.of(),
                2_000,
                20,
                Duration.ofMillis(5),
                Duration.ofMillis(5),
                Duration.ofMillis(50),
                Duration.ofMillis(700),
                RejectionPolicy.DEAD_LETTER,
                1 << 20);
    }

    static Uplink start(StreamLog log, URI url, Encoding encoding, MediaSource media, Clock clock) {
        HttpDestinationSettings to = new HttpDestinationSettings(url, "secret-token", encoding, Duration.ofSeconds(2));
        return Uplink.start(
                settings(), HttpDestination.opener(to, log.gatewayId()), log, Optional.of(media), clock, new Random(7));
    }
}
