package io.tidegate.gateway.http;

import io.tidegate.core.stream.Payload;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.jspecify.annotations.Nullable;

/**
 * One request and its one answer.
 *
 * <p>An answer may be sent from any thread; of several, the first is sent and the others are dropped.
 */
final class Exchange {
    private final Request request;
    private final Response response;
    private final Callback callback;
    private final @Nullable String user;
    private final Fields query;
    private final AtomicBoolean answered = new AtomicBoolean();

    Exchange(Request request, Response response, Callback callback, @Nullable String user) {
        this.request = request;
        this.response = response;
        this.callback = callback;
        this.user = user;
        this.query = Request.extractQueryParameters(request, StandardCharsets.UTF_8);
    }

    Request request() {
        return request;
    }

    Response response() {
        return response;
    }

    Callback callback() {
        return callback;
    }

    @Nullable
    String header(HttpHeader name) {
        return request.getHeaders().get(name);
    }

    @Nullable
    String query(String name) {
        return query.getValue(name);
    }

    /** The request for another module, with what follows its mount as the path. */
    PortRequest forPort(String path) {
        Map<String, String> headers = new LinkedHashMap<>();
        for (HttpField field : request.getHeaders()) {
            headers.merge(
                    field.getName().toLowerCase(Locale.ROOT),
                    field.getValue() == null ? "" : field.getValue(),
                    (first, second) -> first + ", " + second);
        }
        return new PortRequest(
                request.getMethod(),
                path,
                request.getHttpURI().getPath(),
                request.getHttpURI().getQuery(),
                headers,
                user);
    }

    void onComplete(Runnable action) {
        Request.addCompletionListener(request, failure -> action.run());
    }

    /** From now on silence on the connection is ours: the client waits for the answer. */
    void answersLate() {
        request.addIdleTimeoutListener(timeout -> false);
    }

    void json(int status, Payload body) {
        send(status, "application/json", body);
    }

    void problem(int status, String code, String detail) {
        send(status, Problem.CONTENT_TYPE, new Problem(status, code, detail).json());
    }

    /** A refusal that a later try may not meet. */
    void busy(int status, String code, String detail, long retryAfterSeconds) {
        response.getHeaders().put(HttpHeader.RETRY_AFTER, Long.toString(Math.max(1, retryAfterSeconds)));
        problem(status, code, detail);
    }

    void answer(PortAnswer answer) {
        if (answered.compareAndSet(false, true)) {
            response.setStatus(answer.status());
            answer.headers().forEach((name, value) -> response.getHeaders().put(name, value));
            response.write(true, answer.body().asByteBuffer(), callback);
        }
    }

    void send(int status, String contentType, Payload body) {
        if (answered.compareAndSet(false, true)) {
            response.setStatus(status);
            response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
            response.write(true, body.asByteBuffer(), callback);
        }
    }

    /** Starts an answer of unknown length; the caller writes it and completes the callback. False: too late. */
    boolean begin(int status, String contentType) {
        if (!answered.compareAndSet(false, true)) {
            return false;
        }
        response.setStatus(status);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
        return true;
    }

    /** Nobody is there any more, or the answer cannot be completed: closes the connection. */
    void abort(Throwable cause) {
        if (answered.compareAndSet(false, true)) {
            callback.failed(cause);
        }
    }

    void redirect(String location) {
        if (answered.compareAndSet(false, true)) {
            response.setStatus(308);
            response.getHeaders().put(HttpHeader.LOCATION, location);
            response.write(true, ByteBuffer.allocate(0), callback);
        }
    }
}
