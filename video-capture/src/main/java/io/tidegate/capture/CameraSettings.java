package io.tidegate.capture;

import java.net.URI;
import java.util.Locale;
import java.util.Set;

/**
 * One camera.
 *
 * @param name its identity: 1 to 64 of {@code a-z A-Z 0-9 _ -}
 * @param url {@code rtsp://...}, {@code file:PATH}, a path, or {@code synthetic:}
 * @param role which of a camera's streams this is; {@code main} unless it has several
 * @param loop a file starts again at its end
 * @param width of the synthetic picture, even; so {@code height}
 * @param framesPerSecond of the synthetic picture
 */
public record CameraSettings(
        String name, String url, String role, boolean loop, int width, int height, int framesPerSecond) {
    static final String SYNTHETIC = "synthetic:";
    private static final Set<String> SCHEMES = Set.of("rtsp", "rtsps", "file", "synthetic");

    public CameraSettings {
        new TrackName(name, role);
        String scheme = scheme(url);
        if (!SCHEMES.contains(scheme)) {
            throw new IllegalArgumentException("the url of camera " + name
                    + " must start with rtsp:, rtsps:, file: or synthetic:, or be a path, found '" + redacted(url)
                    + "'");
        }
        if (width < 160 || width > 3840 || height < 90 || height > 2160 || width % 2 != 0 || height % 2 != 0) {
            throw new IllegalArgumentException(
                    "a synthetic picture is 160x90 to 3840x2160, both even, found " + width + "x" + height);
        }
        if (framesPerSecond < 1 || framesPerSecond > 60) {
            throw new IllegalArgumentException("framesPerSecond must be 1 to 60, found " + framesPerSecond);
        }
    }

    /** Role {@code main}, files looped, a synthetic picture of 640x360 with 10 frames a second. */
    public static CameraSettings of(String name, String url) {
        return new CameraSettings(name, url, "main", true, 640, 360, 10);
    }

    public TrackName track() {
        return new TrackName(name, role);
    }

    boolean isSynthetic() {
        return scheme(url).equals("synthetic");
    }

    boolean isFile() {
        return scheme(url).equals("file");
    }

    /** The path of a file camera. */
    String path() {
        return url.startsWith("file:") ? URI.create(url).getSchemeSpecificPart().replaceFirst("^//(?=/)", "") : url;
    }

    /** The url as it may be shown: without user, password and query. */
    public String shownUrl() {
        return redacted(url);
    }

    private static String scheme(String url) {
        int colon = url.indexOf(':');
        return colon < 0 || url.startsWith("/")
                ? "file"
                : url.substring(0, colon).toLowerCase(Locale.ROOT);
    }

    private static String redacted(String url) {
        return url.replaceFirst("//[^/]*@", "//***@").replaceFirst("\\?.*", "?***");
    }

    @Override
    public String toString() {
        return "camera " + name + "/" + role + " " + shownUrl();
    }
}
