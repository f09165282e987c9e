package io.tidegate.gateway.http;

import io.tidegate.core.stream.JsonText;
import io.tidegate.core.stream.Payload;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** An error of the API as {@code application/problem+json} (RFC 9457), with a code that does not change. */
record Problem(int status, String code, String detail) {
    static final String CONTENT_TYPE = "application/problem+json";

    Payload json() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(
                ("{\"type\":\"about:blank\",\"status\":" + status + ",\"code\":").getBytes(StandardCharsets.US_ASCII));
        JsonText.quote(code, out);
        out.writeBytes(",\"title\":".getBytes(StandardCharsets.US_ASCII));
        JsonText.quote(code.replace('-', ' '), out);
        out.writeBytes(",\"detail\":".getBytes(StandardCharsets.US_ASCII));
        JsonText.quote(detail, out);
        out.write('}');
        return Payload.wrap(out.toByteArray());
    }
}
