package io.tidegate.uplink;

import io.tidegate.core.stream.GapReason;
import java.util.EnumMap;
import java.util.Map;

/**
 * What became of every record that a consumer should get:
 * {@code appended = delivered + pending + filtered + rejected + missed}.
 *
 * @param missed lost before they were sent, by reason
 */
public record ConsumerLedger(
        long appended, long delivered, long pending, long filtered, long rejected, Map<GapReason, Long> missed) {
    public static final ConsumerLedger EMPTY = new ConsumerLedger(0, 0, 0, 0, 0, Map.of());

    public ConsumerLedger {
        missed = Map.copyOf(missed);
    }

    public long missedTotal() {
        return missed.values().stream().mapToLong(Long::longValue).sum();
    }

    public boolean balances() {
        return appended == delivered + pending + filtered + rejected + missedTotal();
    }

    /** Both together. */
    public ConsumerLedger plus(ConsumerLedger other) {
        Map<GapReason, Long> sum = new EnumMap<>(GapReason.class);
        sum.putAll(missed);
        other.missed.forEach((reason, records) -> sum.merge(reason, records, Long::sum));
        return new ConsumerLedger(
                appended + other.appended,
                delivered + other.delivered,
                pending + other.pending,
                filtered + other.filtered,
                rejected + other.rejected,
                sum);
    }
}
