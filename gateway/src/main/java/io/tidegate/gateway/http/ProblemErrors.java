package io.tidegate.gateway.http;

import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** Says in problem+json what the HTTP library itself refuses: malformed requests and URLs. Thread-safe. */
final class ProblemErrors extends ErrorHandler {
    @Override
    public boolean errorPageForMethod(String method) {
        return true;
    }

    @Override
    protected void generateResponse(
            Request request,
            Response response,
            int code,
            @Nullable String message,
            @Nullable Throwable cause,
            Callback callback) {
        // A server error's message may hold internals; the log has it.
        String detail = message == null || code >= 500 ? HttpStatus.getMessage(code) : message;
        String name = code >= 500 ? "internal" : "malformed-request";
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, Problem.CONTENT_TYPE);
        response.write(true, new Problem(code, name, detail).json().asByteBuffer(), callback);
    }
}
