package io.tidegate.gateway.http;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.stream.JsonText;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.RecordJson;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamRecord;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * One client that tails. It reads the log only when the client has taken what came before, so a slow client holds one
 * batch in memory and the log is its buffer; one that takes nothing at all is dropped.
 *
 * <p>Turns run on the server's threads, one at a time: {@code busy} hands the source over from one to the next.
 */
final class Tail {
    static final String CONTENT_TYPE = "text/event-stream";
    private static final int BATCH_BYTES_MAX = 64 << 10;

    /** How a tail ended. */
    enum End {
        /** We said so. */
        TOLD,
        /** The client went away. */
        GONE,
        /** The client took nothing for too long. */
        SLOW
    }

    private final Exchange exchange;
    private final TailSource source;
    private final HttpSettings.Limits limits;
    private final Clock clock;
    private final Executor executor;
    private final BiConsumer<Tail, End> onEnd;

    // All guarded by this.
    private boolean busy;
    private boolean again;
    private boolean beatDue;
    private boolean over;
    private boolean slow;
    private @Nullable String ending;
    private long lastMoveNanos;
    private boolean writing;

    Tail(
            Exchange exchange,
            TailSource source,
            HttpSettings.Limits limits,
            Clock clock,
            Executor executor,
            BiConsumer<Tail, End> onEnd) {
        this.exchange = exchange;
        this.source = source;
        this.limits = limits;
        this.clock = clock;
        this.executor = executor;
        this.onEnd = onEnd;
        this.lastMoveNanos = clock.monotonicNanos();
    }

    void start() {
        synchronized (this) {
            busy = true;
        }
        exchange.answersLate();
        if (exchange.begin(200, CONTENT_TYPE)) {
            write("retry: 1000\n: tidegate\n\n".getBytes(StandardCharsets.US_ASCII), false);
        }
    }

    /** Something may be there to send. From any thread, never blocks. */
    private void wake() {
        try {
            executor.execute(this::turn);
        } catch (RejectedExecutionException e) {
            // The server has stopped and closed the connection.
            finish(End.GONE);
        }
    }

    /** Tells the client why it ends, as soon as what is being written is through. */
    void end(String reason) {
        synchronized (this) {
            ending = reason;
        }
        wake();
    }

    /** Called from time to time. */
    void look(long nowNanos) {
        boolean stalled;
        synchronized (this) {
            long still = nowNanos - lastMoveNanos;
            stalled = writing && still > limits.stallTimeout().toNanos();
            slow |= stalled;
            if (!writing && still > limits.heartbeat().toNanos()) {
                beatDue = true;
            }
            if (!stalled && !beatDue) {
                return;
            }
        }
        if (stalled) {
            // Fails the write under way, which ends this tail.
            exchange.request()
                    .getConnectionMetaData()
                    .getConnection()
                    .getEndPoint()
                    .close(new TimeoutException("the client takes nothing"));
        } else {
            wake();
        }
    }

    private void turn() {
        synchronized (this) {
            if (over) {
                return;
            }
            if (busy) {
                again = true;
                return;
            }
            busy = true;
            again = false;
        }
        next();
    }

    /** Only with {@code busy} taken. */
    private void next() {
        String reason;
        synchronized (this) {
            reason = ending;
        }
        if (reason != null) {
            write(endEvent(reason), true);
            return;
        }
        byte[] events;
        try {
            ReadBatch batch = source.read(BATCH_BYTES_MAX);
            events = events(batch);
            if (events.length == 0 && batch.ended()) {
                write(endEvent("the shard is closed, and this was all of it"), true);
                return;
            }
        } catch (StreamLogException e) {
            write(endEvent("the log cannot be read: " + e.getMessage()), true);
            return;
        }
        if (events.length == 0 && takeBeat()) {
            events = ":\n\n".getBytes(StandardCharsets.US_ASCII);
        }
        if (events.length > 0) {
            write(events, false);
        } else {
            rest();
        }
    }

    private synchronized boolean takeBeat() {
        boolean due = beatDue;
        beatDue = false;
        return due;
    }

    private void rest() {
        source.whenReadable(this::wake);
        boolean goOn;
        synchronized (this) {
            busy = false;
            goOn = again;
        }
        if (goOn) {
            wake();
        }
    }

    private byte[] events(ReadBatch batch) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (LogEntry entry : batch.entries()) {
            if (!(entry instanceof StreamRecord)) {
                out.writeBytes("event: gap\n".getBytes(StandardCharsets.US_ASCII));
            }
            source.after(entry)
                    .ifPresent(id -> out.writeBytes(("id: " + id + "\n").getBytes(StandardCharsets.US_ASCII)));
            out.writeBytes("data: ".getBytes(StandardCharsets.US_ASCII));
            RecordJson.writeShown(entry, source.log()::correctedTimeMillis, out);
            out.writeBytes("\n\n".getBytes(StandardCharsets.US_ASCII));
        }
        return out.toByteArray();
    }

    private static byte[] endEvent(String reason) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes("event: end\ndata: {\"reason\":".getBytes(StandardCharsets.US_ASCII));
        JsonText.quote(reason, out);
        out.writeBytes("}\n\n".getBytes(StandardCharsets.US_ASCII));
        return out.toByteArray();
    }

    private void write(byte[] bytes, boolean last) {
        synchronized (this) {
            writing = true;
            lastMoveNanos = clock.monotonicNanos();
        }
        exchange.response().write(last, ByteBuffer.wrap(bytes), Callback.from(() -> written(last), this::failed));
    }

    private void written(boolean last) {
        synchronized (this) {
            writing = false;
            lastMoveNanos = clock.monotonicNanos();
            beatDue = false;
        }
        if (last) {
            finish(End.TOLD);
            exchange.callback().succeeded();
        } else {
            // On a fresh stack: a client that takes everything at once would otherwise nest without end.
            try {
                executor.execute(this::next);
            } catch (RejectedExecutionException e) {
                failed(e);
            }
        }
    }

    private void failed(Throwable cause) {
        boolean wasSlow;
        synchronized (this) {
            wasSlow = slow;
        }
        finish(wasSlow ? End.SLOW : End.GONE);
        exchange.callback().failed(cause);
    }

    private void finish(End how) {
        synchronized (this) {
            if (over) {
                return;
            }
            over = true;
        }
        source.close();
        onEnd.accept(this, how);
    }
}
