package io.tidegate.gateway.http;

import io.tidegate.core.stream.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/** The receiving end of the offset contract, {@code /sync/v1/...}. It checks its callers' tokens itself. Thread-safe. */
public interface SyncPort {
    /** Records and the resume handshake (POST, GET). Completes after the commit, on any thread; does not block. */
    CompletableFuture<PortAnswer> exchange(PortRequest request, Payload body);

    /** Media (PUT): decided by the head alone whether the bytes are wanted. */
    Upload media(PortRequest head);

    /** One media object on its way in. Confined to one thread at a time; writes may wait for the disk. */
    interface Upload extends AutoCloseable {
        /** Takes the next bytes; what remains in the buffer when it returns is lost. */
        void write(ByteBuffer bytes) throws IOException;

        /** After the last byte: answers after the fsync that covers them. */
        PortAnswer finish() throws IOException;

        /** Without a finish before: drops what came. */
        @Override
        void close() throws IOException;
    }

    /** Thrown by {@link #media} when the bytes are not wanted: the answer is sent without reading them. */
    final class Declined extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient PortAnswer answer;

        public Declined(PortAnswer answer) {
            super("declined with status " + answer.status());
            this.answer = answer;
        }

        public PortAnswer answer() {
            return answer;
        }
    }
}
