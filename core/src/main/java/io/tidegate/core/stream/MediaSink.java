package io.tidegate.core.stream;

/** Where received media is kept. Thread-safe; the writes that it hands out are confined to one thread. */
public interface MediaSink {
    /** Starts to receive an object of this length and CRC-32C; it is seen by nobody before its commit. */
    MediaWrite begin(MediaId id, long length, int crc32c);
}
