package io.tidegate.gateway.http;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.JsonText;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.PutAnswer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The records of one POST on their way into the log, and what became of each line.
 *
 * <p>Guarded by its own lock.
 */
final class PutBatch {
    /** Kinesis says ProvisionedThroughputExceededException. */
    static final String THROTTLED = "throughput-exceeded";

    /** What became of a line. */
    private sealed interface Result {
        record Stored(AppendResult.Placed place) implements Result {}

        /** By the class of its stream: not durable yet. */
        record Received() implements Result {}

        record Failed(String code, String detail, @Nullable Duration retryAfter) implements Result {}
    }

    private record Waiting(int line, NewRecord record) {}

    private final List<@Nullable Result> results = new ArrayList<>();
    private final List<Waiting> records = new ArrayList<>();
    private int next;
    private int unanswered;
    private boolean done;

    /** A line that is a record. */
    synchronized void add(NewRecord record) {
        records.add(new Waiting(results.size(), record));
        results.add(null);
    }

    /** A line that is none, or one that the stream cannot take. */
    synchronized void addFailed(String code, String detail) {
        results.add(new Result.Failed(code, detail, null));
    }

    synchronized int lines() {
        return results.size();
    }

    /** The next record to offer, null if all have been offered. */
    synchronized @Nullable NewRecord peek() {
        return next < records.size() ? records.get(next).record() : null;
    }

    /** The line of the next record, counted as under way: before it is offered, as the answer may be at once. */
    synchronized int take() {
        unanswered++;
        return records.get(next++).line();
    }

    /** It was turned away after all. */
    synchronized void untake() {
        unanswered--;
        next--;
    }

    /** Whether anything has been offered with success: if not, the whole request can be turned away. */
    synchronized boolean isUntouched() {
        return next == 0;
    }

    /** Nothing of it will be offered any more. */
    synchronized void giveUp(String code, String detail, Duration retryAfter) {
        while (next < records.size()) {
            results.set(records.get(next++).line(), new Result.Failed(code, detail, retryAfter));
        }
    }

    synchronized void answered(int line, PutAnswer answer) {
        unanswered--;
        AppendResult.Placed place = answer.place();
        if (place != null) {
            results.set(line, new Result.Stored(place));
        } else if (answer.isReceived()) {
            results.set(line, new Result.Received());
        } else {
            Duration retryAfter = answer.retryAfter();
            boolean never = retryAfter == null || retryAfter.equals(AppendResult.NEVER);
            String detail = answer.refusal() == null ? "the log refused it" : answer.refusal();
            String code = answer.throttled() ? THROTTLED : never ? "rejected" : "log-busy";
            results.set(line, new Result.Failed(code, detail, never ? null : retryAfter));
        }
    }

    /** True once, to one caller: when every line has its result. */
    synchronized boolean isJustDone() {
        if (done || unanswered > 0 || next < records.size()) {
            return false;
        }
        done = true;
        return true;
    }

    /**
     * Answers the request: 200 if any line is stored; if none is, but may be later, 429 for a quota and else 503; else
     * 400. In each case with the results of all lines, in order.
     */
    synchronized void answer(Exchange exchange) {
        boolean anyStored = false;
        Result.@Nullable Failed first = null;
        Result.@Nullable Failed later = null;
        for (Result result : results) {
            if (result instanceof Result.Failed failed) {
                first = first == null ? failed : first;
                later = later == null && failed.retryAfter() != null ? failed : later;
            } else {
                anyStored = true;
            }
        }
        if (anyStored || first == null) {
            exchange.json(200, render(null));
        } else if (later != null && later.retryAfter() != null) {
            long seconds = (later.retryAfter().toMillis() + 999) / 1000;
            exchange.response().getHeaders().put("Retry-After", Long.toString(Math.max(1, seconds)));
            int status = later.code().equals(THROTTLED) ? 429 : 503;
            exchange.send(status, Problem.CONTENT_TYPE, render(new Problem(status, later.code(), later.detail())));
        } else {
            exchange.send(400, Problem.CONTENT_TYPE, render(new Problem(400, first.code(), first.detail())));
        }
    }

    private Payload render(@Nullable Problem problem) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(64 * results.size() + 32);
        if (problem == null) {
            out.write('{');
        } else {
            byte[] start = problem.json().toBytes();
            out.write(start, 0, start.length - 1);
            out.write(',');
        }
        ascii("\"results\":[", out);
        String separator = "";
        for (Result result : results) {
            ascii(separator, out);
            render(result, out);
            separator = ",\n";
        }
        ascii("]}", out);
        return Payload.wrap(out.toByteArray());
    }

    private static void render(@Nullable Result result, ByteArrayOutputStream out) {
        if (result instanceof Result.Stored stored) {
            ascii(
                    "{\"shardId\":\"" + stored.place().shard().name() + "\",\"sequenceNumber\":\""
                            + stored.place().sequenceNumber() + "\"}",
                    out);
        } else if (result instanceof Result.Received) {
            ascii("{\"received\":true}", out);
        } else if (result instanceof Result.Failed failed) {
            ascii("{\"error\":", out);
            JsonText.quote(failed.code(), out);
            ascii(",\"detail\":", out);
            JsonText.quote(failed.detail(), out);
            if (failed.retryAfter() != null) {
                ascii(",\"retryAfterMillis\":" + failed.retryAfter().toMillis(), out);
            }
            out.write('}');
        }
    }

    private static void ascii(String text, ByteArrayOutputStream out) {
        out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }
}
