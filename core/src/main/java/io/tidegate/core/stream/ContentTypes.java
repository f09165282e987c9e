package io.tidegate.core.stream;

/** The content types that Tidegate itself gives to record data. */
public final class ContentTypes {
    public static final String JSON = "application/json";
    public static final String TEXT = "text/plain";
    public static final String OCTETS = "application/octet-stream";

    private ContentTypes() {}
}
