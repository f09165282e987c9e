package io.tidegate.capture;

import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.Payload;

/**
 * A still picture.
 *
 * @param fragment the fragment that begins with it
 * @param takenMillis when it was taken, Unix milliseconds: the producer time of the fragment
 * @param jpeg a whole JPEG file
 */
public record Still(MediaId fragment, long takenMillis, Payload jpeg) {}
