package io.tidegate.gateway.demo;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.Worker;
import io.tidegate.core.runtime.WorkerThread;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * A TCP proxy on loopback that plays a link which is down for a part of every period: then what is open is cut, and
 * what comes is closed at once.
 *
 * <p>One thread, {@code demo-link}; the public methods are thread-safe.
 */
final class OutageProxy implements AutoCloseable {
    private static final int BUFFER_BYTES = 64 << 10;

    /** When the link is down, counted from the start of each period. */
    record Schedule(Duration period, Duration downFrom, Duration downFor) {}

    private final InetSocketAddress target;
    private final Clock clock;
    private final Schedule schedule;
    private final long startNanos;
    private final Selector selector;
    private final ServerSocketChannel listener;
    private final List<Side> sides = new ArrayList<>();
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    private final WorkerThread thread;
    private volatile boolean heldOpen;
    private volatile boolean down;
    private final AtomicInteger outages = new AtomicInteger();
    private boolean felt;

    /** One direction's end of a connection; what it could not write yet waits here. */
    private static final class Side {
        final SocketChannel channel;

        @Nullable
        Side peer;

        final ByteBuffer pending = ByteBuffer.allocate(BUFFER_BYTES).flip();

        Side(SocketChannel channel) {
            this.channel = channel;
        }
    }

    OutageProxy(int targetPort, Clock clock, Schedule schedule) throws IOException {
        this.target = new InetSocketAddress(InetAddress.getLoopbackAddress(), targetPort);
        this.clock = clock;
        this.schedule = schedule;
        this.startNanos = clock.monotonicNanos();
        this.selector = Selector.open();
        this.listener = ServerSocketChannel.open();
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT);
        this.thread = WorkerThread.start(
                "demo-link", new Pump(), Duration.ofMillis(1), e -> Logger.warn("The demo's link: {}", e.toString()));
    }

    int port() {
        return listener.socket().getLocalPort();
    }

    boolean isDown() {
        return down;
    }

    /** Outages that somebody felt: a connection was cut or turned away. */
    int outages() {
        return outages.get();
    }

    /** No further outage. */
    void holdOpen() {
        heldOpen = true;
    }

    private final class Pump implements Worker {
        @Override
        public int doWork() throws IOException {
            judge();
            selector.select(20);
            int done = 0;
            for (SelectionKey key : List.copyOf(selector.selectedKeys())) {
                if (key.isValid() && key.isAcceptable()) {
                    accept();
                } else if (key.isValid() && key.attachment() instanceof Side side) {
                    pump(side, key);
                }
                done++;
            }
            selector.selectedKeys().clear();
            return done;
        }

        @Override
        public void onClose() {
            cutAll();
            try {
                listener.close();
                selector.close();
            } catch (IOException e) {
                Logger.debug("The demo's link did not close in order: {}", e.getMessage());
            }
        }
    }

    private void judge() {
        long inPeriod =
                (clock.monotonicNanos() - startNanos) % schedule.period().toNanos();
        long from = schedule.downFrom().toNanos();
        boolean nowDown = !heldOpen
                && inPeriod >= from
                && inPeriod < from + schedule.downFor().toNanos();
        if (nowDown && !down) {
            felt = false;
            if (!sides.isEmpty()) {
                feel(); // counted before anybody can see it
            }
            cutAll();
        }
        down = nowDown;
    }

    private void feel() {
        if (!felt) {
            felt = true;
            outages.incrementAndGet();
        }
    }

    private void accept() throws IOException {
        SocketChannel incoming = listener.accept();
        if (incoming == null) {
            return;
        }
        if (down) {
            feel();
            incoming.close();
            return;
        }
        SocketChannel outgoing = SocketChannel.open();
        try {
            outgoing.connect(target);
        } catch (IOException e) {
            incoming.close();
            outgoing.close();
            return;
        }
        Side a = new Side(incoming);
        Side b = new Side(outgoing);
        a.peer = b;
        b.peer = a;
        for (Side side : List.of(a, b)) {
            side.channel.configureBlocking(false);
            side.channel.register(selector, SelectionKey.OP_READ, side);
            sides.add(side);
        }
    }

    /** Writes what waits for this side first; reads from it only while its peer has room. */
    private void pump(Side side, SelectionKey key) {
        Side peer = side.peer;
        if (peer == null) {
            return;
        }
        try {
            if (key.isWritable()) {
                side.channel.write(side.pending);
                interest(side);
                interest(peer);
            }
            if (key.isValid() && key.isReadable() && !peer.pending.hasRemaining()) {
                buffer.clear();
                if (side.channel.read(buffer) < 0) {
                    cut(side);
                    return;
                }
                buffer.flip();
                peer.channel.write(buffer);
                peer.pending.clear().put(buffer).flip();
                interest(side);
                interest(peer);
            }
        } catch (IOException e) {
            cut(side);
        }
    }

    private void interest(Side side) {
        Side peer = side.peer;
        SelectionKey key = side.channel.keyFor(selector);
        if (key != null && key.isValid() && peer != null) {
            int read = peer.pending.hasRemaining() ? 0 : SelectionKey.OP_READ;
            int write = side.pending.hasRemaining() ? SelectionKey.OP_WRITE : 0;
            key.interestOps(read | write);
        }
    }

    private void cut(Side side) {
        Side peer = side.peer;
        for (Side each : peer == null ? List.of(side) : List.of(side, peer)) {
            sides.remove(each);
            try {
                each.channel.close();
            } catch (IOException e) {
                Logger.debug("A connection of the demo's link did not close in order: {}", e.getMessage());
            }
        }
    }

    private void cutAll() {
        while (!sides.isEmpty()) {
            cut(sides.get(0));
        }
    }

    @Override
    public void close() {
        thread.close();
    }
}
