package io.tidegate.adapters;

import io.tidegate.core.runtime.WorkerThread;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntSupplier;
import org.eclipse.californium.core.coap.CoAP;
import org.eclipse.californium.elements.Connector;
import org.eclipse.californium.elements.EndpointContextMatcher;
import org.eclipse.californium.elements.RawData;
import org.eclipse.californium.elements.RawDataChannel;
import org.eclipse.californium.elements.UdpEndpointContext;
import org.eclipse.californium.elements.util.ClockUtil;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * The UDP socket under the CoAP server. Datagrams are read by the thread {@code coap-receiver} and handed to Californium
 * as long as not too many wait there; beyond that they are dropped and counted, and their senders send again. Our answers
 * are sent by whichever thread has them, without a queue.
 *
 * <p>Thread-safe.
 */
final class CoapSocket implements Connector {
    private static final int DATAGRAM_BYTES_MAX = 65_536;
    private static final int RECEIVE_BUFFER_BYTES = 1 << 20;
    private static final int WAITING_MAX = 4_096;
    private static final Duration IDLE = Duration.ofMillis(100);

    private final InetSocketAddress wanted;
    private final IntSupplier waiting;
    private final LongAdder dropped = new LongAdder();
    private final ByteBuffer buffer = ByteBuffer.allocate(DATAGRAM_BYTES_MAX);
    private volatile InetSocketAddress address;
    private volatile @Nullable DatagramChannel channel;
    private volatile @Nullable RawDataChannel receiver;
    private volatile @Nullable EndpointContextMatcher matcher;
    private volatile boolean muted;
    private @Nullable WorkerThread thread;

    /** Not open before {@link #start}; {@code waiting} says how many datagrams wait to be worked on. */
    CoapSocket(InetSocketAddress wanted, IntSupplier waiting) {
        this.wanted = wanted;
        this.address = wanted;
        this.waiting = waiting;
    }

    @Override
    public synchronized void start() throws IOException {
        if (channel != null) {
            return;
        }
        DatagramChannel opened = DatagramChannel.open();
        try {
            opened.setOption(StandardSocketOptions.SO_RCVBUF, RECEIVE_BUFFER_BYTES);
            opened.bind(wanted);
            address = (InetSocketAddress) opened.getLocalAddress();
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
        channel = opened;
        thread = WorkerThread.start(
                "coap-receiver", this::receive, IDLE, e -> Logger.warn("CoAP cannot receive: {}", e.toString()));
    }

    /** From now on nothing is received; answers still go out. */
    void mute() {
        muted = true;
    }

    long dropped() {
        return dropped.sum();
    }

    private int receive() throws IOException {
        DatagramChannel open = channel;
        if (open == null) {
            return 0;
        }
        buffer.clear();
        InetSocketAddress sender;
        try {
            sender = (InetSocketAddress) open.receive(buffer);
        } catch (ClosedChannelException e) {
            return 0;
        }
        buffer.flip();
        RawDataChannel to = receiver;
        if (muted || to == null || sender == null || sender.getPort() == 0) {
            return 1;
        }
        if (waiting.getAsInt() >= WAITING_MAX || isAnswer(buffer)) {
            dropped.increment();
            return 1;
        }
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        to.receiveData(
                RawData.inbound(bytes, new UdpEndpointContext(sender), false, ClockUtil.nanoRealtime(), address));
        return 1;
    }

    /** We ask nothing: a response (code class 2 to 5, RFC 7252 section 3) may be ignored (section 4.2). */
    private static boolean isAnswer(ByteBuffer datagram) {
        return datagram.limit() >= 2 && (datagram.get(1) & 0xff) >> 5 >= 2;
    }

    @Override
    public void send(RawData message) {
        DatagramChannel open = channel;
        UdpEndpointContext context = new UdpEndpointContext(message.getInetSocketAddress());
        EndpointContextMatcher check = matcher;
        try {
            if (open == null) {
                throw new ClosedChannelException();
            }
            if (check != null && !check.isToBeSent(message.getEndpointContext(), context)) {
                throw new IOException("the receiver of the message is not its sender any more");
            }
            message.onContextEstablished(context);
            open.send(ByteBuffer.wrap(message.getBytes()), message.getInetSocketAddress());
            message.onSent();
        } catch (IOException e) {
            message.onError(e);
        }
    }

    @Override
    public synchronized void stop() {
        DatagramChannel open = channel;
        channel = null;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                Logger.warn("the CoAP socket did not close: {}", e.toString());
            }
        }
        if (thread != null) {
            thread.close();
            thread = null;
        }
    }

    @Override
    public void destroy() {
        stop();
    }

    @Override
    public void setRawDataReceiver(RawDataChannel messageHandler) {
        receiver = messageHandler;
    }

    @Override
    public void setEndpointContextMatcher(EndpointContextMatcher changed) {
        matcher = changed;
    }

    @Override
    public InetSocketAddress getAddress() {
        return address;
    }

    @Override
    public String getProtocol() {
        return CoAP.PROTOCOL_UDP;
    }

    @Override
    public boolean isRunning() {
        return channel != null;
    }

    /** Only for connectors that share a socket. */
    @Override
    public void processDatagram(DatagramPacket datagram) {
        throw new UnsupportedOperationException("this socket receives by itself");
    }
}
