package io.tidegate.gateway.http;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.support.InMemoryLog;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A server on a real socket over a log in memory, and a client of it. */
final class HttpFixture implements AutoCloseable {
    static final StreamName TELEMETRY = StreamName.TELEMETRY;

    final InMemoryLog log;
    final HttpServer server;
    final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    private HttpFixture(HttpSettings settings, Clock clock, UnaryOperator<HttpParts> parts) throws IOException {
        log = InMemoryLog.create(clock);
        HttpParts plain = HttpParts.of(log, clock, () -> GatewayStatus.of("0.1.0", "gateway", Duration.ofSeconds(5)));
        server = HttpServer.start(settings, parts.apply(plain));
    }

    static HttpFixture start() throws IOException {
        return start(UnaryOperator.identity());
    }

    static HttpFixture start(UnaryOperator<HttpParts> parts) throws IOException {
        return start(HttpSettings.loopback(0), parts);
    }

    static HttpFixture start(HttpSettings settings, UnaryOperator<HttpParts> parts) throws IOException {
        return new HttpFixture(settings, new SystemClock(), parts);
    }

    /** Where a test says what time it is. */
    static HttpFixture at(Clock clock) throws IOException {
        return new HttpFixture(HttpSettings.loopback(0), clock, UnaryOperator.identity());
    }

    static HttpFixture withLimits(HttpSettings.Limits limits) throws IOException {
        return start(HttpSettings.loopback(0).withLimits(limits), UnaryOperator.identity());
    }

    void append(String... json) {
        for (String data : json) {
            log.append(io.tidegate.core.stream.AppendUnit.of(NewRecord.of(TELEMETRY, "press-3", Payload.ofUtf8(data))))
                    .join();
        }
    }

    void createStream(String name, int shards) {
        log.admin().create(StreamSettings.of(new StreamName(name)).withShards(shards));
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    HttpResponse<String> get(String path, String... headers) throws IOException, InterruptedException {
        return client.send(request(path, headers).GET().build(), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> post(String path, String body, String... headers) throws IOException, InterruptedException {
        return postAsync(path, body, headers).join();
    }

    CompletableFuture<HttpResponse<String>> postAsync(String path, String body, String... headers) {
        HttpRequest request = request(path, headers)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        return client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
    }

    HttpRequest.Builder request(String path, String... headers) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(uri(path)).timeout(Duration.ofSeconds(20));
        return headers.length == 0 ? builder : builder.headers(headers);
    }

    JsonNode json(String path, String... headers) throws IOException, InterruptedException {
        HttpResponse<String> response = get(path, headers);
        if (response.statusCode() != 200) {
            throw new IOException("status " + response.statusCode() + ": " + response.body());
        }
        return JsonMapper.shared().readTree(response.body());
    }

    /** A connection for requests that no proper client sends. */
    Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout(20_000);
        return socket;
    }

    /** Sends raw text and returns all that comes until the server closes. */
    String raw(String... lines) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(String.join("\r\n", lines).getBytes(StandardCharsets.UTF_8));
            socket.getOutputStream().flush();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    static List<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("http-"))
                .toList();
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
