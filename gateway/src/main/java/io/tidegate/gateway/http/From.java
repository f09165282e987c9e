package io.tidegate.gateway.http;

import io.tidegate.core.stream.IsoTime;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.StartingPosition;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where a reader starts, as a request says it. */
sealed interface From {
    /** In one shard. */
    record InShard(StartingPosition position) implements From {}

    /** In commit order over all shards of a stream. */
    record InCommitOrder(LogPosition position) implements From {}

    /** The oldest retained record, of one shard or all. */
    record TrimHorizon() implements From {}

    /** What comes next, in one shard or all. */
    record Latest() implements From {}

    Pattern NUMBERED = Pattern.compile("(at|after):([0-9]{1,18})");
    Pattern POSITION = Pattern.compile("position:([0-9]{1,18}):([0-9]{1,9})");
    String FORMS = "trim-horizon, latest, at:NUMBER, after:NUMBER or time:2026-11-23T01:02:03.123Z";

    static From parse(String text) {
        Matcher numbered = NUMBERED.matcher(text);
        Matcher position = POSITION.matcher(text);
        if (text.equals("trim-horizon")) {
            return new TrimHorizon();
        } else if (text.equals("latest")) {
            return new Latest();
        } else if (numbered.matches()) {
            long number = Long.parseLong(numbered.group(2));
            return new InShard(
                    numbered.group(1).equals("at")
                            ? new StartingPosition.AtSequenceNumber(number)
                            : new StartingPosition.AfterSequenceNumber(number));
        } else if (position.matches()) {
            return new InCommitOrder(
                    new LogPosition(Long.parseLong(position.group(1)), Integer.parseInt(position.group(2))));
        } else if (text.startsWith("time:")) {
            return new InShard(new StartingPosition.AtTimestamp(time(text.substring(5))));
        }
        throw unknown(text);
    }

    private static long time(String text) {
        try {
            return IsoTime.parse(text);
        } catch (IllegalArgumentException e) {
            throw new HttpProblemException(400, "invalid-parameter", "from: " + e.getMessage());
        }
    }

    static HttpProblemException unknown(String text) {
        return new HttpProblemException(400, "invalid-parameter", "from must be " + FORMS + ", found '" + text + "'");
    }

    /** The start in one shard; a position in commit order has none. */
    static StartingPosition inShard(String text) {
        From from = parse(text);
        if (from instanceof TrimHorizon) {
            return new StartingPosition.TrimHorizon();
        } else if (from instanceof Latest) {
            return new StartingPosition.Latest();
        } else if (from instanceof InShard shard) {
            return shard.position();
        }
        throw unknown(text);
    }
}
