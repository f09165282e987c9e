package io.tidegate.gateway.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.FakeClock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class OutageProxyTest {
    private static final Duration DEADLINE = Duration.ofSeconds(20);

    private final FakeClock clock = new FakeClock(0);

    @Test
    void link_carriesBytes_isCutWhileDown_andComesBack() throws Exception {
        OutageProxy.Schedule schedule =
                new OutageProxy.Schedule(Duration.ofSeconds(60), Duration.ofSeconds(20), Duration.ofSeconds(15));
        try (ServerSocket target = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                OutageProxy link = new OutageProxy(target.getLocalPort(), clock, schedule)) {
            try (Socket client = connect(link);
                    Socket server = target.accept()) {
                byte[] much = new byte[1 << 20];
                much[much.length - 1] = 7;
                Thread writer = new Thread(() -> write(client, much));
                writer.start();
                assertThat(server.getInputStream().readNBytes(much.length)).isEqualTo(much);
                writer.join();

                clock.advance(Duration.ofSeconds(21));
                assertThat(readEnd(client)).isTrue();
                assertThat(link.outages()).isEqualTo(1);
            }
            try (Socket turnedAway = connect(link)) {
                assertThat(readEnd(turnedAway)).isTrue();
                assertThat(link.outages()).as("the same outage").isEqualTo(1);
            }
            clock.advance(Duration.ofSeconds(15));
            await().atMost(DEADLINE).until(() -> !link.isDown());
            try (Socket client = connect(link);
                    Socket server = target.accept()) {
                server.getOutputStream().write(42);
                assertThat(client.getInputStream().read()).isEqualTo(42);
            }
            link.holdOpen();
            clock.advance(Duration.ofSeconds(45));
            try (Socket client = connect(link);
                    Socket server = target.accept()) {
                client.getOutputStream().write(43);
                assertThat(server.getInputStream().read()).isEqualTo(43);
            }
        }
    }

    private static Socket connect(OutageProxy link) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), link.port());
        socket.setSoTimeout((int) DEADLINE.toMillis());
        return socket;
    }

    private static boolean readEnd(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketException e) {
            return true;
        }
    }

    private static void write(Socket socket, byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
