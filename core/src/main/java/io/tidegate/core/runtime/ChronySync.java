package io.tidegate.core.runtime;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Asks the chronyd of this machine whether it has set the clock, as {@code chronyc tracking} does: one datagram to UDP
 * port 323 on loopback, which chronyd answers to anybody unless it is configured with {@code cmdport 0}. The answer is
 * kept for some seconds, so that asking is cheap; without a chronyd the kernel says so at once.
 *
 * <p>Request and answer of the protocol's version 6 (chrony's candm.h), big-endian:
 *
 * <pre>
 * request  0 version 6 | 1 type 1 | 4 command 33, tracking (u16) | 8 sequence (u32) | zeros to 104 bytes
 * answer   0 version 6 | 1 type 2 | 4 command 33 | 6 reply 5 | 8 status 0 | 16 sequence
 *          28 reference id (u32) | 52 stratum | 54 leap status, 3: not synchronised (u16) | 68 current correction (float)
 * </pre>
 *
 * <p>Guarded by its own lock.
 */
final class ChronySync implements ClockSync {
    static final int PORT = 323;

    private static final int BYTES = 104;
    /** As long as the log's writer may be held up, once a second, by a chronyd that does not answer. */
    private static final Duration TIMEOUT = Duration.ofMillis(50);

    private static final int TRACKING = 33;
    private static final int TRACKING_REPLY = 5;
    private static final int NOT_SYNCHRONISED = 3;
    /** A chronyd that was told to serve its own clock ({@code local}) names itself. */
    private static final int OWN_CLOCK = 0x7f7f0101;

    private static final double CORRECTION_SECONDS_MAX = 1;
    private static final long YES_NANOS = Duration.ofSeconds(10).toNanos();
    private static final long NO_NANOS = Duration.ofSeconds(1).toNanos();

    private final Clock clock;
    private final int port;
    private final Duration timeout;
    private boolean hasAsked;
    private long askedNanos;
    private boolean answer;
    private int sequence;

    ChronySync(Clock clock, int port) {
        this(clock, port, TIMEOUT);
    }

    ChronySync(Clock clock, int port, Duration timeout) {
        this.clock = clock;
        this.port = port;
        this.timeout = timeout;
    }

    @Override
    public synchronized boolean isSynchronised() {
        long nanos = clock.monotonicNanos();
        if (!hasAsked || nanos - askedNanos >= (answer ? YES_NANOS : NO_NANOS)) {
            hasAsked = true;
            askedNanos = nanos;
            answer = ask();
        }
        return answer;
    }

    private boolean ask() {
        sequence++;
        ByteBuffer request = ByteBuffer.allocate(BYTES);
        request.put(0, (byte) 6).put(1, (byte) 1).putShort(4, (short) TRACKING).putInt(8, sequence);
        byte[] bytes = new byte[512];
        DatagramPacket received = new DatagramPacket(bytes, bytes.length);
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout((int) timeout.toMillis());
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            socket.send(new DatagramPacket(request.array(), BYTES));
            socket.receive(received);
        } catch (IOException e) {
            return false; // Nobody there, or too late: no word for the clock.
        }
        return received.getLength() >= BYTES && vouches(ByteBuffer.wrap(bytes));
    }

    private boolean vouches(ByteBuffer reply) {
        boolean isAnswer = reply.get(1) == 2
                && reply.getShort(4) == TRACKING
                && reply.getShort(6) == TRACKING_REPLY
                && reply.getShort(8) == 0
                && reply.getInt(16) == sequence;
        int reference = reply.getInt(28);
        return isAnswer
                && reference != 0
                && reference != OWN_CLOCK
                && reply.getShort(54) != NOT_SYNCHRONISED
                // Without permission to step it, chronyd moves a clock that is far off for hours or years.
                && Math.abs(number(reply.getInt(68))) < CORRECTION_SECONDS_MAX;
    }

    /** chrony's own float: 7 bits of exponent, 25 of coefficient, both in two's complement. */
    private static double number(int bits) {
        int exponent = bits >> 25;
        int coefficient = bits << 7 >> 7;
        return Math.scalb((double) coefficient, exponent - 25);
    }
}
