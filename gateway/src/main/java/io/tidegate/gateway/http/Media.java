package io.tidegate.gateway.http;

import io.tidegate.core.stream.MediaBytes;
import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.MediaSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.util.Callback;
import org.tinylog.Logger;

/**
 * {@code GET /api/v1/media/{id}}: the bytes of a fragment or an initialisation segment, as they are stored, with their
 * CRC-32C in the header {@code Tidegate-CRC32C}. Sent piece by piece, so that any length needs little memory.
 *
 * <p>Thread-safe.
 */
final class Media {
    private static final int PIECE_BYTES = 64 << 10;

    private final MediaSource source;

    Media(MediaSource source) {
        this.source = source;
    }

    void handle(Exchange exchange, PathParameters parameters) {
        Optional<MediaBytes> found = source.open(id(parameters.get("id")));
        if (found.isEmpty()) {
            throw new HttpProblemException(404, "media-not-found", "there is no such media here, or no longer");
        }
        MediaBytes media = found.get();
        exchange.response().getHeaders().put("Tidegate-CRC32C", String.format("%08x", media.crc32c()));
        exchange.response().getHeaders().put(HttpHeader.CONTENT_LENGTH, media.length());
        if (!exchange.begin(200, "application/octet-stream")) {
            close(media);
        } else if (exchange.request().getMethod().equals("HEAD")) {
            close(media);
            exchange.callback().succeeded();
        } else {
            new Sending(exchange, media).next();
        }
    }

    private static MediaId id(String text) {
        try {
            return new MediaId(text);
        } catch (IllegalArgumentException e) {
            throw new HttpProblemException(400, "invalid-parameter", String.valueOf(e.getMessage()));
        }
    }

    private static void close(MediaBytes media) {
        try {
            media.close();
        } catch (IOException e) {
            Logger.warn(e, "a media file could not be closed");
        }
    }

    /** One object on its way out. Confined to one thread at a time: the next piece is read when the last is through. */
    private static final class Sending implements Callback {
        private final Exchange exchange;
        private final MediaBytes media;
        private final ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
        private long left;

        Sending(Exchange exchange, MediaBytes media) {
            this.exchange = exchange;
            this.media = media;
            this.left = media.length();
        }

        void next() {
            try {
                piece.clear();
                piece.limit((int) Math.min(PIECE_BYTES, left));
                while (piece.hasRemaining()) {
                    if (media.channel().read(piece) < 0) {
                        throw new IOException("media ends " + left + " bytes early");
                    }
                }
                piece.flip();
                left -= piece.remaining();
                exchange.response().write(left == 0, piece, this);
            } catch (IOException e) {
                failed(e);
            }
        }

        @Override
        public void succeeded() {
            if (left > 0) {
                next();
            } else {
                close(media);
                exchange.callback().succeeded();
            }
        }

        @Override
        public void failed(Throwable cause) {
            // The length has been promised: breaking the connection tells the client that it was not kept.
            close(media);
            exchange.callback().failed(cause);
        }
    }
}
