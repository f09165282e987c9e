package io.tidegate.buffer;

/** The form of what the log knows about its clock; as {@link ControlCodec}. */
final class ClockCodec {
    static final int RUN = 20;
    static final int SYNCED = 21;
    static final int SPAN = 52;

    private ClockCodec() {}

    static void encode(Encoder out, ControlEntry.ClockEntry entry) {
        if (entry instanceof ControlEntry.ClockRun run) {
            out.octet(RUN).unsigned(run.epoch()).unsigned(run.boot()).signed(run.monotonicAheadNanos());
        } else if (entry instanceof ControlEntry.ClockSynced synced) {
            out.octet(SYNCED).unsigned(synced.boot()).unsigned(synced.number());
            out.signed(synced.offsetMillis()).signed(synced.monotonicNanos());
        } else if (entry instanceof ControlEntry.ClockSpan span) {
            out.octet(SPAN).unsigned(span.firstLsn()).unsigned(span.nextLsn()).signed(span.firstTimeMillis());
            out.signed(span.lastTimeMillis())
                    .unsigned(span.boot())
                    .signed(span.offsetMillis())
                    .signed(span.correctionMillis());
            out.flag(span.settled());
        }
    }

    static ControlEntry.ClockEntry decode(int type, Decoder in) {
        return switch (type) {
            case RUN -> new ControlEntry.ClockRun(in.unsigned(), in.unsigned(), in.signed());
            case SYNCED -> new ControlEntry.ClockSynced(in.unsigned(), in.unsigned(), in.signed(), in.signed());
            case SPAN ->
                new ControlEntry.ClockSpan(
                        in.unsigned(),
                        in.unsigned(),
                        in.signed(),
                        in.signed(),
                        in.unsigned(),
                        in.signed(),
                        in.signed(),
                        in.flag());
            default -> throw new DamageException("a clock entry of unknown type " + type);
        };
    }
}
