package io.tidegate.uplink.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.tidegate.core.stream.Payload;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;

/** A {@link SyncReceiver} behind a real socket, mounted on the JDK's own server. */
final class CentralServer implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newFixedThreadPool(4);

    private volatile Predicate<String> failing = path -> false;

    private CentralServer(HttpServer server) {
        this.server = server;
    }

    static CentralServer start(SyncReceiver receiver) throws IOException {
        HttpServer http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        CentralServer server = new CentralServer(http);
        http.setExecutor(server.threads);
        http.createContext("/", exchange -> server.serve(receiver, exchange));
        http.start();
        return server;
    }

    InetSocketAddress address() {
        return server.getAddress();
    }

    URI url() {
        return URI.create("http://127.0.0.1:" + address().getPort());
    }

    /** Answers 503 to units on these paths. */
    void fail(Predicate<String> paths) {
        failing = paths;
    }

    private void serve(SyncReceiver receiver, HttpExchange exchange) throws IOException {
        try (exchange) {
            if (exchange.getRequestMethod().equals("POST")
                    && failing.test(exchange.getRequestURI().getPath())) {
                exchange.sendResponseHeaders(503, -1);
                return;
            }
            SyncResponse response = exchange.getRequestMethod().equals("PUT")
                    ? upload(receiver, exchange)
                    : receiver.handle(request(
                                    exchange,
                                    Payload.wrap(exchange.getRequestBody().readAllBytes())))
                            .get(30, TimeUnit.SECONDS);
            response.headers().forEach(exchange.getResponseHeaders()::set);
            exchange.sendResponseHeaders(response.status(), response.body().length());
            response.body().writeTo(exchange.getResponseBody());
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new IOException("the receiver did not answer", e);
        }
    }

    private static SyncResponse upload(SyncReceiver receiver, HttpExchange exchange) throws IOException {
        try (MediaUpload upload = receiver.beginMedia(request(exchange, Payload.EMPTY))) {
            byte[] part = new byte[1000];
            for (int read = exchange.getRequestBody().read(part);
                    read >= 0;
                    read = exchange.getRequestBody().read(part)) {
                upload.write(ByteBuffer.wrap(part, 0, read));
            }
            return upload.finish();
        }
    }

    private static SyncRequest request(HttpExchange exchange, Payload body) {
        Map<String, String> headers = new HashMap<>();
        exchange.getRequestHeaders().forEach((name, values) -> headers.put(name, values.get(0)));
        URI uri = exchange.getRequestURI();
        String query = uri.getRawQuery() == null ? "" : uri.getRawQuery();
        return new SyncRequest(exchange.getRequestMethod(), uri.getRawPath(), query, headers, body);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
