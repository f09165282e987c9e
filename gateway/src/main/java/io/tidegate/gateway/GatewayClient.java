package io.tidegate.gateway;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Talks to a running gateway or central over its HTTP API. Every trouble is a {@link CommandFailure}. Thread-safe. */
public final class GatewayClient {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    private final URI base;
    private final @Nullable String token;

    /** @param token a bearer token, null for none */
    public GatewayClient(URI base, @Nullable String token) {
        this.base = base;
        this.token = token;
    }

    public JsonNode get(String path) {
        return json(path, getText(path));
    }

    /** The body of an answer with status 200, as it came. */
    String getText(String path) {
        return text(path, request(path).GET().build());
    }

    /** Any answer, whatever its status. */
    HttpResponse<String> getAny(String path) {
        return send(request(path).GET().build(), BodyHandlers.ofString());
    }

    /** The bytes of a body, or empty if there is nothing at the path. */
    public java.util.Optional<byte[]> bytes(String path) {
        HttpResponse<byte[]> response = send(request(path).GET().build(), BodyHandlers.ofByteArray());
        if (response.statusCode() == 404) {
            return java.util.Optional.empty();
        }
        if (response.statusCode() != 200) {
            throw CommandFailure.failed(base + path + " answered " + response.statusCode());
        }
        return java.util.Optional.of(response.body());
    }

    /** Also returns a refusal that says what became of each record, in {@code results}. */
    JsonNode post(String path, String contentType, String body) {
        HttpRequest request = request(path)
                .header("Content-Type", contentType)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        HttpResponse<String> response = send(request, BodyHandlers.ofString());
        boolean perRecord = response.statusCode() == 400 && response.body().contains("\"results\":[");
        if (response.statusCode() != 200 && !perRecord) {
            throw refused(path, response.statusCode(), response.body());
        }
        return json(path, response.body());
    }

    /**
     * Changes something.
     *
     * @param body JSON, null for none
     */
    JsonNode change(String method, String path, @Nullable String body) {
        HttpRequest.BodyPublisher publisher =
                body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        HttpRequest request = request(path)
                .header("Content-Type", "application/json")
                .method(method, publisher)
                .build();
        HttpResponse<String> response = send(request, BodyHandlers.ofString());
        if (response.statusCode() / 100 != 2) {
            throw refused(path, response.statusCode(), response.body());
        }
        return json(path, response.body());
    }

    /** Reads server-sent events until the visitor (event, data) says false or the server ends. */
    void events(String path, BiPredicate<String, String> visitor) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(base.resolve(path)).header("Accept", "text/event-stream");
        HttpResponse<InputStream> response = send(authorised(builder).build(), BodyHandlers.ofInputStream());
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            if (response.statusCode() != 200) {
                throw refused(path, response.statusCode(), reader.lines().reduce("", String::concat));
            }
            readEvents(reader, visitor);
        } catch (IOException e) {
            throw CommandFailure.notReachable("the connection to " + base + " broke: " + e.getMessage());
        }
    }

    private static void readEvents(BufferedReader reader, BiPredicate<String, String> visitor) throws IOException {
        String event = "message";
        StringBuilder data = new StringBuilder();
        String line = reader.readLine();
        while (line != null) {
            if (line.isEmpty()) {
                if (data.length() > 0 && !visitor.test(event, data.toString())) {
                    return;
                }
                event = "message";
                data.setLength(0);
            } else if (line.startsWith("event:")) {
                event = line.substring(6).strip();
            } else if (line.startsWith("data:")) {
                data.append(line.substring(5).strip());
            }
            line = reader.readLine();
        }
    }

    private String text(String path, HttpRequest request) {
        HttpResponse<String> response = send(request, BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw refused(path, response.statusCode(), response.body());
        }
        return response.body();
    }

    private CommandFailure refused(String path, int status, String body) {
        String detail = body;
        try {
            JsonNode problem = JsonMapper.shared().readTree(body);
            detail = problem.path("detail").asString(body);
        } catch (JacksonException e) {
            detail = body.strip();
        }
        String remedy = status == 401 ? "; give a token with --token or TIDEGATE_TOKEN" : "";
        return CommandFailure.failed(
                (detail.isEmpty() ? base + path + " answered " + status : detail + " (" + status + ")") + remedy);
    }

    private JsonNode json(String path, String body) {
        try {
            return JsonMapper.shared().readTree(body);
        } catch (JacksonException e) {
            throw CommandFailure.notReachable("what answers at " + base + path + " is not a gateway: no JSON");
        }
    }

    private HttpRequest.Builder request(String path) {
        return authorised(HttpRequest.newBuilder(base.resolve(path)).timeout(TIMEOUT));
    }

    private HttpRequest.Builder authorised(HttpRequest.Builder builder) {
        return token == null ? builder : builder.header("Authorization", "Bearer " + token);
    }

    private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler) {
        try {
            return http.send(request, handler);
        } catch (ConnectException e) {
            throw CommandFailure.notReachable("no gateway answers at " + base
                    + "; is it running? Name it with --home DIR, --url URL or TIDEGATE_URL");
        } catch (IOException e) {
            throw CommandFailure.notReachable("no answer from " + base + ": " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw CommandFailure.failed("interrupted");
        }
    }
}
