package io.tidegate.uplink;

import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSelection;
import java.time.Duration;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * How one uplink forwards.
 *
 * @param name its identity: the backlog belongs to it
 * @param streams what to forward; empty: every stream that is not reserved, and {@code _gaps} and {@code _alarms}
 * @param unitBytesMax data of one unit, at most 4 MiB
 * @param unitRecordsMax records of one unit
 * @param interval how long a record waits for others at most, when there is no backlog
 * @param retryFirst the first wait after a failure; it doubles up to {@code retryMax}
 * @param answerTimeout how long an answer may take
 * @param bufferBytes what all units in flight may hold together
 */
public record UplinkSettings(
        String name,
        Set<StreamName> streams,
        int unitBytesMax,
        int unitRecordsMax,
        Duration interval,
        Duration retryFirst,
        Duration retryMax,
        Duration answerTimeout,
        RejectionPolicy onRejected,
        long bufferBytes) {
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");
    private static final int RECORDS_MAX = 10_000;

    public UplinkSettings {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("uplink name must be 1 to 63 of a-z 0-9 -, found '" + name + "'");
        }
        streams = Set.copyOf(streams);
        if (unitBytesMax < 1 || unitBytesMax > AppendUnit.BYTES_MAX) {
            throw new IllegalArgumentException(
                    "bytes-max of uplink '" + name + "' must be 1 to 4MiB, found " + unitBytesMax);
        }
        if (unitRecordsMax < 1 || unitRecordsMax > RECORDS_MAX) {
            throw new IllegalArgumentException(
                    "records-max of uplink '" + name + "' must be 1 to 10000, found " + unitRecordsMax);
        }
        if (interval.isNegative()) {
            throw new IllegalArgumentException(
                    "interval of uplink '" + name + "' must not be negative, found " + interval);
        }
        if (retryFirst.toMillis() < 1 || retryMax.compareTo(retryFirst) < 0) {
            throw new IllegalArgumentException("retry of uplink '" + name + "' must be 1ms <= first <= max, found "
                    + retryFirst + ", " + retryMax);
        }
        if (answerTimeout.toMillis() < 1) {
            throw new IllegalArgumentException(
                    "timeout of uplink '" + name + "' must be positive, found " + answerTimeout);
        }
        if (bufferBytes < 1) {
            throw new IllegalArgumentException(
                    "buffer of uplink '" + name + "' must be positive, found " + bufferBytes);
        }
    }

    /** 256 KiB, 1,000 records, 1 s, retries from 0.5 s to 30 s, answers within 60 s, records refused block, 8 MiB. */
    public static UplinkSettings of(String name) {
        return new UplinkSettings(
                name,
                Set.of(),
                256 << 10,
                1000,
                Duration.ofSeconds(1),
                Duration.ofMillis(500),
                Duration.ofSeconds(30),
                Duration.ofSeconds(60),
                RejectionPolicy.BLOCK,
                8 << 20);
    }

    /** Under which name the log knows it. */
    public ConsumerName consumer() {
        return new ConsumerName("uplink/" + name);
    }

    public StreamSelection selection() {
        return new StreamSelection(streams);
    }

    /** How many units fit into the buffer: each is held as records, as text and compressed. */
    int unitsAtOnce() {
        return (int) Math.max(2, Math.min(64, bufferBytes / (3L * unitBytesMax)));
    }
}
