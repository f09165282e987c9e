package io.tidegate.hardware.bench;

import io.tidegate.core.stream.NewRecord;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;

/** A publisher to a file-backed stream of a NATS server, over its text protocol; each message asks for its answer. */
final class JetStream implements AutoCloseable {
    private static final String CREATE =
            "{\"name\":\"bench\",\"subjects\":[\"bench\"],\"storage\":\"file\",\"num_replicas\":1}";

    private final Socket socket;
    private final OutputStream out;
    private final Semaphore answers = new Semaphore(0);
    private final AtomicBoolean failed = new AtomicBoolean();

    JetStream(int port) throws IOException, InterruptedException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        out = new BufferedOutputStream(socket.getOutputStream(), 1 << 16);
        Thread reader = new Thread(this::read, "nats-answers");
        reader.setDaemon(true);
        reader.start();
        send("CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB answers 1\r\n");
        send("PUB $JS.API.STREAM.CREATE.bench answers " + CREATE.length() + "\r\n" + CREATE + "\r\n");
        out.flush();
        answers.acquire();
    }

    private void send(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Publishes so many records, with so many unanswered; returns when all are answered. */
    void publish(Telemetry telemetry, long count, int outstanding) throws IOException, InterruptedException {
        answers.release(outstanding);
        for (long i = 0; i < count; i++) {
            NewRecord record = telemetry.record(i);
            if (!answers.tryAcquire()) {
                out.flush();
                answers.acquire();
            }
            send("PUB bench answers " + record.data().length() + "\r\n");
            record.data().writeTo(out);
            send("\r\n");
        }
        out.flush();
        answers.acquire(outstanding);
        if (failed.get()) {
            throw new IOException("the server refused a message");
        }
    }

    private void read() {
        try (InputStream in = new BufferedInputStream(socket.getInputStream(), 1 << 16)) {
            for (String line = line(in); !line.isEmpty(); line = line(in)) {
                if (line.startsWith("MSG ")) {
                    int length = Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1)) + 2;
                    String answer = new String(in.readNBytes(length), StandardCharsets.US_ASCII);
                    failed.compareAndSet(false, answer.contains("\"error\""));
                    answers.release();
                }
            }
        } catch (IOException | NumberFormatException e) {
            failed.set(true);
            answers.release(Integer.MAX_VALUE / 2);
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
            line.append((char) next);
        }
        return line.toString().strip();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
