package io.tidegate.adapters;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Makes the socket of one connection to a broker, and closes it whatever the library does: a connect that hangs ends
 * with it.
 *
 * <p>Reading is buffered, because the library reads byte by byte. And nothing is read, no end of stream and no error
 * either, before CONNECT is written: the library starts its threads one by one and waits for ever for one of them if the
 * connection ends before they all run.
 *
 * <p>Guarded by its own lock.
 */
final class BrokerSockets extends SocketFactory {
    private static final int BUFFER_BYTES = 8_192;
    private static final long WAIT_MILLIS = 100;

    private @Nullable Socket socket;
    private boolean closed;

    private static final class Gated extends Socket {
        private final CountDownLatch opened = new CountDownLatch(1);
        private @Nullable InputStream in;

        @Override
        public synchronized InputStream getInputStream() throws IOException {
            if (in == null) {
                in = new In(this, new BufferedInputStream(super.getInputStream(), BUFFER_BYTES));
            }
            return in;
        }

        @Override
        public OutputStream getOutputStream() throws IOException {
            return new Out(this, super.getOutputStream());
        }

        private boolean isOpen() {
            return opened.getCount() == 0;
        }

        private void open() {
            opened.countDown();
        }

        /** Throws what a socket throws that has nothing to read; the library comes again. */
        private void awaitOpen() throws IOException {
            try {
                if (!opened.await(WAIT_MILLIS, TimeUnit.MILLISECONDS)) {
                    throw new SocketTimeoutException("CONNECT is not written yet");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted");
            }
        }
    }

    private static final class In extends FilterInputStream {
        private final Gated gate;

        private In(Gated gate, InputStream in) {
            super(in);
            this.gate = gate;
        }

        @Override
        public int read() throws IOException {
            gate.awaitOpen();
            return super.read();
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            gate.awaitOpen();
            return super.read(bytes, offset, length);
        }

        @Override
        public int available() throws IOException {
            return gate.isOpen() ? super.available() : 0;
        }
    }

    private static final class Out extends FilterOutputStream {
        private final Gated gate;

        private Out(Gated gate, OutputStream out) {
            super(out);
            this.gate = gate;
        }

        @Override
        public void write(int b) throws IOException {
            gate.open();
            out.write(b);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            gate.open();
            out.write(bytes, offset, length);
        }
    }

    @Override
    public synchronized Socket createSocket() throws IOException {
        if (closed) {
            throw new IOException("the connection has been given up");
        }
        socket = new Gated();
        return socket;
    }

    synchronized void close() {
        closed = true;
        if (socket != null) {
            try {
                socket.close();
            } catch (IOException e) {
                Logger.debug("a broker's socket did not close: {}", e.toString());
            }
        }
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        throw new IOException("sockets are connected after they are made");
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return createSocket(host, port);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        throw new IOException("sockets are connected after they are made");
    }

    @Override
    public Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort)
            throws IOException {
        return createSocket(address, port);
    }
}
