package io.tidegate.capture;

import io.tidegate.core.stream.Payload;
import org.jspecify.annotations.Nullable;

/**
 * A fragment on its way to the store's thread, with all that it needs to be written.
 *
 * @param run counts the runs of this track since the start of the gateway
 * @param causeBefore why something is missing before it; null: it joins on
 */
record QueuedFragment(
        Track track,
        long run,
        VideoFormat format,
        Payload init,
        FragmentMessage.Fragment fragment,
        @Nullable GapCause causeBefore) {
    /** A fixed allowance for objects on top of the bytes. */
    int weightBytes() {
        return fragment.bytes() + 1024;
    }
}
