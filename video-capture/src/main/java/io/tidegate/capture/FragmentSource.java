package io.tidegate.capture;

import java.util.function.Consumer;

/**
 * A camera as a sequence of messages. Opened, read and closed by one thread; only {@link #stop} may come from another.
 */
interface FragmentSource {
    /** Connects; waits at most as long as its deadline says. Failed or not, {@link #close} follows. */
    void open(Consumer<FragmentMessage> sink) throws SourceException;

    /** Takes at most one frame, waiting at most as long as its deadline says. Returns 0 if none is due yet. */
    int read() throws SourceException;

    /** Makes a call that is waiting end soon. */
    void stop();

    /** Delivers what is left of the current fragment, then a gap with this cause, and lets everything go. */
    void close(GapCause cause);
}
