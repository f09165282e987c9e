/** Cameras to fragments on disk and fragment records; where received media is kept; still pictures. */
@NullMarked
package io.tidegate.capture;

import org.jspecify.annotations.NullMarked;
