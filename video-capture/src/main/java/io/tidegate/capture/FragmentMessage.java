package io.tidegate.capture;

import io.tidegate.core.stream.Payload;
import java.util.List;

/** What a {@link FragmentSource} says, in order: an initialisation segment, then parts and the fragments they make. */
sealed interface FragmentMessage {
    /** The format of what follows; a new run starts, even if the format is the same. */
    record Init(VideoFormat format, Payload bytes) implements FragmentMessage {}

    /**
     * One moof and mdat box, as soon as it exists: for live viewers. The same bytes come again in their fragment.
     *
     * @param keyFrame the first frame can be decoded on its own
     */
    record Part(Payload bytes, boolean keyFrame) implements FragmentMessage {}

    /**
     * Frames from one key frame up to the next cut.
     *
     * @param parts the moof and mdat boxes of the fragment, in order
     * @param producerTimeMillis when the first frame was taken, Unix milliseconds
     * @param timeFromCamera the camera said that time; else it is the gateway's
     * @param mediaStart90k decode time of the first frame since the start of the run
     * @param keyFrame false only if no key frame came within the longest fragment
     */
    record Fragment(
            List<Payload> parts,
            long producerTimeMillis,
            boolean timeFromCamera,
            long mediaStart90k,
            int duration90k,
            int frames,
            boolean keyFrame)
            implements FragmentMessage {
        public Fragment {
            parts = List.copyOf(parts);
            if (parts.isEmpty() || frames < 1 || duration90k < 1 || mediaStart90k < 0) {
                throw new IllegalArgumentException("a fragment needs parts, frames, a duration and a start, found "
                        + parts.size() + ", " + frames + ", " + duration90k + ", " + mediaStart90k);
            }
        }

        int bytes() {
            return parts.stream().mapToInt(Payload::length).sum();
        }
    }

    /** The run ended; what follows does not join on. */
    record Gap(GapCause cause) implements FragmentMessage {}

    /**
     * Counts since the source was opened.
     *
     * @param fixedTimestamps frames whose missing or backward time stamp was replaced
     * @param droppedPackets audio and other packets that are not recorded, and frames before the first key frame
     */
    record Stats(long frames, long bytes, long fixedTimestamps, long droppedPackets) implements FragmentMessage {}
}
