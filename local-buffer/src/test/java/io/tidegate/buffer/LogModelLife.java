package io.tidegate.buffer;

import io.tidegate.core.stream.ShardId;
import java.util.Random;

/**
 * A log, the model that it is held against, and the machine under both, as they are now.
 *
 * <p>Confined to one thread.
 */
final class LogModelLife {
    final Random random;
    final LogModelMachine machine;
    ShardLog log;
    LogModel model;

    LogModelLife(Random random, LogModelMachine machine, ShardLog log, LogModel model) {
        this.random = random;
        this.machine = machine;
        this.log = log;
        this.model = model;
    }

    boolean isListed(ShardId shard) {
        return log.admin().describe(shard.stream()).orElseThrow().shards().stream()
                .anyMatch(one -> one.id().equals(shard));
    }
}
