package io.tidegate.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Answers of chronyd 4.3, recorded on Debian 12; only their sequence number is made to fit. */
class ChronySyncTest {
    private static final String SYNCHRONISED = "060200000021000500000000000000001122334400000000000000007f0000017f"
            + "0000010000000000000000000000000001000000090000000000006b05fecc23b631e7df7b1be9d9581d11dec47728fad10513ef5b"
            + "872f04d4d1f6e0f19787ded5f8de0482c6bf";
    private static final String OWN_CLOCK = "060200000021000500000000000000001122334400000000000000007f7f0101000000"
            + "000000000000000000000000000000000000080000000000006b05fec82d78667e0000000000000000000000000000000000000000"
            + "00000000000000000000000000000000";
    private static final String NOT_SYNCHRONISED = "0602000000210005000000000000000011223344000000000000000000000000"
            + "000000000000000000000000000000000000000000000003000000000000000000000000000000000000000000000000000000000000"
            + "000000000000048000000480000000000000";

    private final FakeClock clock = new FakeClock(0);
    private final AtomicInteger answered = new AtomicInteger();

    private boolean answerTo(String recorded) throws Exception {
        return answerTo(HexFormat.of().parseHex(recorded));
    }

    private boolean answerTo(byte[] recorded) throws Exception {
        try (DatagramSocket chronyd = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Void> serving = CompletableFuture.runAsync(() -> serve(chronyd, recorded));
            ChronySync sync = new ChronySync(clock, chronyd.getLocalPort(), Duration.ofSeconds(10));
            int before = answered.get();
            boolean first = sync.isSynchronised();
            assertThat(sync.isSynchronised()).as("kept").isEqualTo(first);
            assertThat(answered.get() - before)
                    .as("answers, or the word says nothing")
                    .isEqualTo(1);
            chronyd.close();
            serving.get(10, TimeUnit.SECONDS);
            clock.advance(Duration.ofSeconds(10));
            assertThat(sync.isSynchronised()).as("after chronyd has gone").isFalse();
            return first;
        }
    }

    private void serve(DatagramSocket chronyd, byte[] recorded) {
        DatagramPacket request = new DatagramPacket(new byte[512], 512);
        try {
            while (true) {
                chronyd.receive(request);
                assertThat(request.getLength()).isEqualTo(104);
                ByteBuffer reply = ByteBuffer.wrap(recorded.clone());
                reply.putInt(16, ByteBuffer.wrap(request.getData()).getInt(8));
                answered.incrementAndGet();
                chronyd.send(new DatagramPacket(reply.array(), reply.capacity(), request.getSocketAddress()));
            }
        } catch (IOException e) {
            assertThat(chronyd.isClosed()).isTrue();
        }
    }

    @Test
    void clockThatChronydFollowsAServerWith_isSynchronised_askedOnce() throws Exception {
        assertThat(answerTo(SYNCHRONISED)).isTrue();
        assertThat(answered).hasValue(1);
    }

    @Test
    void chronydThatHasNoServer_orOnlyItsOwnClock_vouchesForNothing() throws Exception {
        assertThat(answerTo(NOT_SYNCHRONISED)).isFalse();
        assertThat(answerTo(OWN_CLOCK)).isFalse();
    }

    @Test
    void clockThatIsStillFarOff_isNotSynchronised() throws Exception {
        byte[] far = HexFormat.of().parseHex(SYNCHRONISED);
        // 2^-2 x 2^3 = 2 s: coefficient 2^23, exponent 3.
        ByteBuffer.wrap(far).putInt(68, (3 << 25) | (1 << 23));
        assertThat(answerTo(far)).isFalse();
    }
}
