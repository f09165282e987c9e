package io.tidegate.support;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A TCP proxy on loopback between a client and a server under test, which can break the way between them: refuse and
 * cut connections, swallow everything, or let requests through and drop what comes back.
 *
 * <p>Thread-safe.
 */
public final class FaultProxy implements AutoCloseable {
    /** What happens to bytes and connections. */
    public enum Mode {
        PASS,
        /** Connections are cut, new ones at once. */
        CUT,
        /** Connections stay open; nothing comes through in either direction. */
        BLACKHOLE,
        /** Requests reach the server; the connection is cut in the place of the first byte of its answer. */
        DROP_ANSWERS
    }

    private final ServerSocket listener;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger answersDropped = new AtomicInteger();
    private volatile InetSocketAddress target;
    private volatile Mode mode = Mode.PASS;

    private FaultProxy(ServerSocket listener, InetSocketAddress target) {
        this.listener = listener;
        this.target = target;
    }

    /** Listens on a port of its own. */
    public static FaultProxy to(InetSocketAddress target) throws IOException {
        FaultProxy proxy = new FaultProxy(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), target);
        proxy.threads.execute(proxy::accept);
        return proxy;
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** Later connections go there: a server that was started again on another port. */
    public void retarget(InetSocketAddress changed) {
        target = changed;
    }

    public void mode(Mode changed) {
        mode = changed;
        if (changed == Mode.CUT) {
            cutAll();
        }
    }

    /** Cuts what is connected now, whatever the mode. */
    public void cutAll() {
        open.forEach(FaultProxy::closeQuietly);
    }

    public int answersDropped() {
        return answersDropped.get();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                open.add(client);
                threads.execute(() -> serve(client));
            } catch (IOException e) {
                // Closed, or the client has gone already: the condition of the loop tells.
            }
        }
    }

    private void serve(Socket client) {
        if (mode == Mode.CUT) {
            drop(client);
            return;
        }
        Socket server = new Socket();
        open.add(server);
        try {
            server.connect(target, 5_000);
        } catch (IOException e) {
            drop(client);
            drop(server);
            return;
        }
        threads.execute(() -> pump(client, server, false));
        pump(server, client, true);
    }

    private void pump(Socket from, Socket to, boolean answers) {
        byte[] buffer = new byte[16 << 10];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                Mode now = mode;
                if (now == Mode.CUT) {
                    break;
                }
                if (now == Mode.DROP_ANSWERS && answers) {
                    answersDropped.incrementAndGet();
                    break;
                }
                if (now != Mode.BLACKHOLE) {
                    out.write(buffer, 0, read);
                    out.flush();
                }
            }
        } catch (IOException e) {
            // One end has gone: so goes the other.
            closeQuietly(to);
        } finally {
            drop(from);
            drop(to);
        }
    }

    private void drop(Socket socket) {
        open.remove(socket);
        closeQuietly(socket);
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // A socket that cannot be closed is closed.
            return;
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        cutAll();
        threads.shutdownNow();
    }
}
