package io.tidegate.core.stream;

import java.util.Optional;

/** Where recorded media can be read. Thread-safe. */
public interface MediaSource {
    /** Empty: gone, or never there. The caller closes what it gets. */
    Optional<MediaBytes> open(MediaId id);
}
