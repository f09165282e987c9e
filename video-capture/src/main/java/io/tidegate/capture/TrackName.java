package io.tidegate.capture;

import io.tidegate.core.stream.MediaId;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One recording of one camera: the camera and the role of the stream, such as {@code press-3} and {@code main}. */
public record TrackName(String camera, String role) {
    private static final Pattern CAMERA = Pattern.compile("[A-Za-z0-9_-]{1,64}");
    private static final Pattern ROLE = Pattern.compile("[a-z0-9]{1,16}");
    private static final Pattern FRAGMENT =
            Pattern.compile("([A-Za-z0-9_-]+)\\.([A-Za-z0-9_-]+-[a-z0-9]+)\\.([0-9]{1,18})\\.([0-9]{1,18})");

    public TrackName {
        if (!CAMERA.matcher(camera).matches()) {
            throw new IllegalArgumentException(
                    "a camera name must be 1 to 64 of a-z A-Z 0-9 _ -, found '" + camera + "'");
        }
        if (!ROLE.matcher(role).matches()) {
            throw new IllegalArgumentException("a camera role must be 1 to 16 of a-z 0-9, found '" + role + "'");
        }
    }

    /** As a directory and in a fragment id. A role has no dash, so that this is unambiguous. */
    String directory() {
        return camera + "-" + role;
    }

    String partitionKey() {
        return camera + "/" + role;
    }

    static Optional<TrackName> ofDirectory(String name) {
        int dash = name.lastIndexOf('-');
        boolean fits = dash > 0
                && CAMERA.matcher(name.substring(0, dash)).matches()
                && ROLE.matcher(name.substring(dash + 1)).matches();
        return fits ? Optional.of(new TrackName(name.substring(0, dash), name.substring(dash + 1))) : Optional.empty();
    }

    /** The parts of a fragment id: {@code store.camera-role.run.number}. */
    record FragmentId(String store, String directory, long run, long number) {
        static Optional<FragmentId> parse(MediaId id) {
            Matcher matcher = FRAGMENT.matcher(id.value());
            return matcher.matches()
                    ? Optional.of(new FragmentId(
                            matcher.group(1),
                            matcher.group(2),
                            Long.parseLong(matcher.group(3)),
                            Long.parseLong(matcher.group(4))))
                    : Optional.empty();
        }

        MediaId mediaId() {
            return new MediaId(store + "." + directory + "." + run + "." + number);
        }
    }
}
