package io.tidegate.uplink.http;

import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.RecordJson;
import io.tidegate.core.stream.RecordLine;
import java.util.ArrayList;
import java.util.List;

/** A unit as it was read from a body: its header, and records and gaps that cover [from, to) without a hole. */
record ReceivedUnit(UnitHeader header, List<RecordLine> lines) {
    private static final int BYTES_MAX = 8 << 20;
    /** The most that a body may hold when inflated: one record alone. */
    static final int SINGLE_BYTES_MAX = 16 << 20;

    /** The unit is larger than the contract allows. */
    static final class TooLargeException extends Exception {
        private static final long serialVersionUID = 1L;

        TooLargeException(String message) {
            super(message);
        }
    }

    ReceivedUnit {
        lines = List.copyOf(lines);
    }

    /** Throws IllegalArgumentException saying which line is wrong, and why. */
    static ReceivedUnit parse(byte[] body) throws TooLargeException {
        List<Payload> texts = split(Payload.wrap(body));
        if (texts.isEmpty()) {
            throw new IllegalArgumentException("the body is empty");
        }
        if (body.length > BYTES_MAX && texts.size() > 2) {
            throw new TooLargeException(
                    "a unit of several records holds at most " + BYTES_MAX + " bytes, found " + body.length);
        }
        UnitHeader header = UnitHeader.parse(texts.get(0));
        List<RecordLine> lines = new ArrayList<>(texts.size() - 1);
        long covered = header.from();
        for (int i = 1; i < texts.size(); i++) {
            try {
                RecordLine line = RecordJson.parse(texts.get(i));
                covered = coveredAfter(line, covered);
                lines.add(line);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("line " + (i + 1) + ": " + e.getMessage(), e);
            }
        }
        if (covered != header.to()) {
            throw new IllegalArgumentException("the lines end at " + covered + ", the first line says " + header.to());
        }
        return new ReceivedUnit(header, lines);
    }

    private static long coveredAfter(RecordLine line, long covered) {
        if (line instanceof RecordLine.OfGap gap) {
            if (gap.fromInclusive() != covered || gap.toExclusive() < gap.fromInclusive()) {
                throw new IllegalArgumentException("expected a gap from " + covered + ", found one from "
                        + gap.fromInclusive() + " to " + gap.toExclusive());
            }
            return gap.toExclusive();
        }
        long found = ((RecordLine.Of) line).sequenceNumber();
        if (found != covered) {
            throw new IllegalArgumentException("expected sequence number " + covered + ", found " + found);
        }
        return covered + 1;
    }

    private static List<Payload> split(Payload body) {
        List<Payload> lines = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < body.length(); i++) {
            if (body.byteAt(i) == '\n') {
                if (i > start) {
                    lines.add(body.slice(start, i));
                }
                start = i + 1;
            }
        }
        if (start < body.length()) {
            lines.add(body.slice(start, body.length()));
        }
        return lines;
    }
}
