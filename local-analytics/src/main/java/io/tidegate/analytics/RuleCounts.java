package io.tidegate.analytics;

import io.tidegate.core.stream.Payload;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.Map;

/**
 * What became of everything that a rule has read: {@code read = emitted + filtered + rejected}. The counts stand in
 * the rule's checkpoint and so move in the same commit as its outputs:
 *
 * <pre>
 * u8 version = 1 | i64 emitted | i64 filtered | i64 missed | i64 rejected, per {@link RowFault} in its order
 * </pre>
 *
 * @param emitted records written
 * @param filtered records for which WHERE was FALSE or UNKNOWN
 * @param missed records that were gone before the rule could read them (gaps)
 * @param rejected records that could not be evaluated, by reason; reasons that never occurred are absent
 */
public record RuleCounts(long emitted, long filtered, long missed, Map<RowFault, Long> rejected) {
    static final RuleCounts NONE = new RuleCounts(0, 0, 0, Map.of());
    private static final byte VERSION = 1;

    public RuleCounts {
        rejected = Map.copyOf(rejected);
    }

    /** Records read and decided. */
    public long read() {
        return emitted + filtered + rejectedTotal();
    }

    public long rejectedTotal() {
        return rejected.values().stream().mapToLong(Long::longValue).sum();
    }

    RuleCounts plusEmitted() {
        return new RuleCounts(emitted + 1, filtered, missed, rejected);
    }

    RuleCounts plusFiltered() {
        return new RuleCounts(emitted, filtered + 1, missed, rejected);
    }

    RuleCounts plusMissed(long records) {
        return new RuleCounts(emitted, filtered, missed + records, rejected);
    }

    RuleCounts plusRejected(RowFault fault) {
        Map<RowFault, Long> more = new EnumMap<>(RowFault.class);
        more.putAll(rejected);
        more.merge(fault, 1L, Long::sum);
        return new RuleCounts(emitted, filtered, missed, more);
    }

    Payload encode() {
        ByteBuffer out = ByteBuffer.allocate(1 + 8 * (3 + RowFault.values().length));
        out.put(VERSION).putLong(emitted).putLong(filtered).putLong(missed);
        for (RowFault fault : RowFault.values()) {
            out.putLong(rejected.getOrDefault(fault, 0L));
        }
        return Payload.wrap(out.array());
    }

    /** Starts again from zero if it is not of this version: counts must not keep a rule from running. */
    static RuleCounts decode(Payload payload) {
        ByteBuffer in = payload.asByteBuffer();
        if (in.remaining() < 1 + 3 * 8 || in.get() != VERSION) {
            return NONE;
        }
        long emitted = in.getLong();
        long filtered = in.getLong();
        long missed = in.getLong();
        Map<RowFault, Long> rejected = new EnumMap<>(RowFault.class);
        for (RowFault fault : RowFault.values()) {
            long count = in.remaining() >= 8 ? in.getLong() : 0;
            if (count > 0) {
                rejected.put(fault, count);
            }
        }
        return new RuleCounts(emitted, filtered, missed, rejected);
    }
}
