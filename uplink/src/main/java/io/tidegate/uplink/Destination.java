package io.tidegate.uplink;

import io.tidegate.core.stream.MediaBytes;
import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.ShardId;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Where an uplink's units go. Calls never wait; a future that fails means the same as {@link Answer.TryLater}.
 *
 * <p>Confined to the uplink's thread, which is also the executor that it was opened with.
 */
public interface Destination extends AutoCloseable {
    /** Makes a destination whose callbacks run on the uplink's thread. */
    interface Opener {
        Destination open(Executor uplinkThread);
    }

    /** What is known there of a shard: {@link Answer.Known}, or why it cannot be said. */
    CompletableFuture<Answer> known(ShardId shard);

    /** Sends a unit. The same unit may be sent any number of times. */
    CompletableFuture<Answer> send(OutgoingUnit unit);

    /** Sends the bytes of a media object and closes them. */
    CompletableFuture<Answer> put(MediaId id, MediaBytes bytes);

    @Override
    void close();
}
