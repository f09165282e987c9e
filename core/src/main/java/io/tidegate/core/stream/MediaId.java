package io.tidegate.core.stream;

import java.util.regex.Pattern;

/**
 * Names bytes that travel beside the log: a fragment ({@code store.camera-role.run.number}) or an initialisation
 * segment ({@code init-} and the SHA-256 of its bytes in hex). Safe as a file name and in a URL.
 */
public record MediaId(String value) {
    private static final Pattern VALID = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}");
    private static final String INIT_PREFIX = "init-";

    public MediaId {
        if (!VALID.matcher(value).matches()) {
            throw new IllegalArgumentException("media id must be 1 to 200 of a-z A-Z 0-9 _ . -, found '" + value + "'");
        }
    }

    public static MediaId ofInit(String sha256Hex) {
        return new MediaId(INIT_PREFIX + sha256Hex);
    }

    public boolean isInit() {
        return value.startsWith(INIT_PREFIX);
    }

    @Override
    public String toString() {
        return value;
    }
}
