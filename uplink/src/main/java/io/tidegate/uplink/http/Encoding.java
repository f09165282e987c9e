package io.tidegate.uplink.http;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import com.github.luben.zstd.ZstdInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/** How a unit's body is compressed: the values of Content-Encoding, the best first. */
public enum Encoding {
    ZSTD,
    GZIP,
    IDENTITY;

    /** More than the limit came out of a compressed body. */
    static final class TooLargeException extends IOException {
        private static final long serialVersionUID = 1L;

        TooLargeException(int limit) {
            super("the body holds more than " + limit + " bytes when inflated");
        }
    }

    private static final int ZSTD_LEVEL = 3;
    private static final int CHUNK = 16 << 10;

    /** The name in the header. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<Encoding> parse(String text) {
        for (Encoding encoding : values()) {
            if (encoding.text().equals(text.strip().toLowerCase(Locale.ROOT))) {
                return Optional.of(encoding);
            }
        }
        return Optional.empty();
    }

    /** What to try when a receiver does not take this one; empty after identity. */
    Optional<Encoding> next() {
        return switch (this) {
            case ZSTD -> Optional.of(GZIP);
            case GZIP -> Optional.of(IDENTITY);
            case IDENTITY -> Optional.empty();
        };
    }

    byte[] encode(byte[] plain) {
        return switch (this) {
            case ZSTD -> Zstd.compress(plain, ZSTD_LEVEL);
            case GZIP -> gzip(plain);
            case IDENTITY -> plain;
        };
    }

    private static byte[] gzip(byte[] plain) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(plain.length / 3 + 64);
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException("memory cannot fail to be written", e);
        }
        return out.toByteArray();
    }

    /**
     * Never holds more than the limit, whatever the sender claims.
     *
     * @throws TooLargeException if more than {@code bytesMax} come out
     * @throws IOException if the bytes are not of this encoding
     */
    byte[] decode(byte[] encoded, int bytesMax) throws IOException {
        try (InputStream in = open(encoded)) {
            ByteArrayOutputStream out = new ByteArrayOutputStream(Math.min(bytesMax, encoded.length * 4 + 64));
            byte[] chunk = new byte[CHUNK];
            for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                if (out.size() + read > bytesMax) {
                    throw new TooLargeException(bytesMax);
                }
                out.write(chunk, 0, read);
            }
            return out.toByteArray();
        } catch (ZstdException e) {
            throw new IOException("not zstd: " + e.getMessage(), e);
        }
    }

    private InputStream open(byte[] encoded) throws IOException {
        InputStream raw = new ByteArrayInputStream(encoded);
        return switch (this) {
            case ZSTD -> new ZstdInputStream(raw);
            case GZIP -> new GZIPInputStream(raw);
            case IDENTITY -> raw;
        };
    }
}
