package io.tidegate.gateway;

import io.tidegate.core.stream.Payload;
import io.tidegate.gateway.http.PortAnswer;
import io.tidegate.gateway.http.PortRequest;
import io.tidegate.gateway.http.SyncPort;
import io.tidegate.uplink.http.MediaUpload;
import io.tidegate.uplink.http.SyncReceiver;
import io.tidegate.uplink.http.SyncRequest;
import io.tidegate.uplink.http.SyncResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Puts the receiving end of the offset contract behind the HTTP server. Thread-safe, as the receiver is. */
final class SyncMount implements SyncPort {
    private static final String PREFIX = "/sync/v1/";

    private final SyncReceiver receiver;

    SyncMount(SyncReceiver receiver) {
        this.receiver = receiver;
    }

    @Override
    public CompletableFuture<PortAnswer> exchange(PortRequest request, Payload body) {
        return receiver.handle(syncRequest(request, body)).thenApply(SyncMount::answer);
    }

    @Override
    public Upload media(PortRequest head) {
        MediaUpload upload = receiver.beginMedia(syncRequest(head, Payload.EMPTY));
        Optional<SyncResponse> declined = upload.answer();
        if (declined.isPresent()) {
            throw new Declined(answer(declined.get()));
        }
        return new Upload() {
            @Override
            public void write(ByteBuffer bytes) throws IOException {
                upload.write(bytes);
            }

            @Override
            public PortAnswer finish() throws IOException {
                return answer(upload.finish());
            }

            @Override
            public void close() throws IOException {
                upload.close();
            }
        };
    }

    /** The parts of such a path need no percent-encoding: what would need it is refused by the receiver. */
    private static SyncRequest syncRequest(PortRequest request, Payload body) {
        String query = request.query();
        return new SyncRequest(
                request.method(), PREFIX + request.path(), query == null ? "" : query, request.headers(), body);
    }

    private static PortAnswer answer(SyncResponse response) {
        return new PortAnswer(response.status(), response.headers(), response.body());
    }
}
