package io.tidegate.buffer;

/** How the bodies of a log's blocks are packed before they are stored. */
public enum Compression {
    /** At level 1, where it saves something. */
    ZSTD,
    NONE
}
