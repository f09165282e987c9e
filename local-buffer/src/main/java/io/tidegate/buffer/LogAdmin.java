package io.tidegate.buffer;

import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.HashKeyRange;
import io.tidegate.core.stream.ReshardPlan;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamAdmin;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSelection;
import io.tidegate.core.stream.StreamSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.tinylog.Logger;

/** Creates, changes, deletes and describes streams through the log's writer. Thread-safe. */
final class LogAdmin implements StreamAdmin {
    private static final int WEIGHT_BYTES = 1024;
    static final int SHARDS_IN_ALL_MAX = 1024;
    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final String MAY_HAPPEN = "; it may still happen: look before you try again";

    private final LogState state;
    private final CommitQueue queue;
    private final EffectiveClock clock;
    private final Runnable onSettings;

    /**
     * @param onSettings called when streams or their settings have changed
     */
    LogAdmin(LogState state, CommitQueue queue, EffectiveClock clock, Runnable onSettings) {
        this.onSettings = onSettings;
        this.state = state;
        this.queue = queue;
        this.clock = clock;
    }

    @Override
    public boolean create(StreamSettings settings) {
        Optional<StreamDescription> before = describe(settings.name());
        if (before.isPresent()) {
            requireSameShards(before.get(), settings.shards());
            return false;
        }
        // Two creations at once: the writer decides which came first.
        boolean[] created = {false};
        run("create stream '" + settings.name() + "'", false, draft -> created[0] = create(settings, draft));
        requireSameShards(describe(settings.name()).orElseThrow(), settings.shards());
        onSettings.run();
        return created[0];
    }

    private boolean create(StreamSettings settings, CommitDraft draft) {
        if (state.stream(settings.name()).isPresent() || draft.creates(settings.name())) {
            return false;
        }
        int ordinal = Math.max(state.nextOrdinal(), draft.nextOrdinal());
        requireRoom(ordinal - state.nextOrdinal() + settings.shards());
        draft.add(new ControlEntry.StreamSet(settings, clock.now().millis()));
        int number = state.firstShardNumber(settings.name());
        for (HashKeyRange range : HashKeyRange.evenly(settings.shards())) {
            draft.add(new ControlEntry.ShardOpened(
                    ordinal++, new ShardId(settings.name(), number++), range, state.firstSequenceNumber(), List.of()));
        }
        return true;
    }

    private void requireRoom(int more) {
        if (state.allShards().size() + more > SHARDS_IN_ALL_MAX) {
            throw reject("a log has at most " + SHARDS_IN_ALL_MAX + " shards, found "
                    + state.allShards().size() + " and " + more + " more: closed ones count until what is in them has"
                    + " expired and been read; delete streams, or wait until closed shards have gone");
        }
    }

    private static void requireSameShards(StreamDescription existing, int shards) {
        int open = existing.openShards().size();
        if (open != shards && existing.settings().shards() != shards) {
            throw reject("stream '" + existing.name() + "' exists and has " + open + " shards, not " + shards
                    + ": create it with " + open + ", or update its shard count");
        }
    }

    private static StreamLogException reject(String message) {
        return new StreamLogException(StreamLogException.Category.REJECT, message);
    }

    private static StreamLogException retry(String message) {
        return new StreamLogException(StreamLogException.Category.RETRY, message);
    }

    @Override
    public Optional<StreamDescription> describe(StreamName name) {
        return state.stream(name).map(state::describe);
    }

    @Override
    public List<StreamDescription> list() {
        return state.allStreams().stream().map(state::describe).toList();
    }

    @Override
    public void configure(StreamSettings settings) {
        StreamName name = settings.name();
        StreamDescription before = existing(name);
        StreamSettings changed = settings.withShards(before.settings().shards());
        if (changed.equals(before.settings())) {
            return;
        }
        // Alone, so that the stream is still there, or is not, whatever else was asked for.
        run("change stream '" + name + "'", true, draft -> {
            existing(name);
            draft.add(new ControlEntry.StreamSet(changed, before.createdMillis()));
        });
        onSettings.run();
    }

    @Override
    public Map<ConsumerName, StreamSelection> required() {
        return state.required();
    }

    @Override
    public void require(Map<ConsumerName, StreamSelection> consumers) {
        if (consumers.equals(state.required())) {
            return;
        }
        List<String> released = new ArrayList<>();
        // Alone: what came before is then in the state that this is held against.
        run("say which consumers are required", true, draft -> {
            released.clear();
            Map<ConsumerName, StreamSelection> before = state.required();
            before.forEach((name, streams) -> {
                if (!consumers.containsKey(name)) {
                    draft.add(new ControlEntry.ConsumerRequired(name, streams, false));
                    released.add(name.value());
                }
            });
            consumers.forEach((name, streams) -> {
                if (!streams.equals(before.get(name))) {
                    draft.add(new ControlEntry.ConsumerRequired(name, streams, true));
                }
            });
        });
        released.forEach(name -> Logger.info("What consumer {} has not confirmed is no longer kept for it", name));
    }

    @Override
    public void forget(ConsumerName consumer, StreamName stream) {
        run(
                "give up the places of " + consumer + " in '" + stream + "'",
                true,
                draft -> draft.add(new ControlEntry.PlacesGivenUp(consumer, stream)));
    }

    private StreamDescription existing(StreamName name) {
        return describe(name).orElseThrow(() -> reject("no stream '" + name + "'"));
    }

    @Override
    public void split(ShardId shard, HashKey newStartingHashKey) {
        reshard(shard.stream(), "split " + shard, stream -> ReshardPlan.split(stream, shard, newStartingHashKey));
    }

    @Override
    public void merge(ShardId shard, ShardId adjacent) {
        if (!shard.stream().equals(adjacent.stream())) {
            throw reject(shard + " and " + adjacent + " are shards of different streams");
        }
        reshard(
                shard.stream(),
                "merge " + shard + " and " + adjacent,
                stream -> ReshardPlan.merge(stream, shard, adjacent));
    }

    @Override
    public void updateShardCount(StreamName name, int shards) {
        reshard(name, "scale '" + name + "' to " + shards, stream -> ReshardPlan.scale(stream, shards));
    }

    private void reshard(StreamName name, String what, Function<StreamDescription, ReshardPlan> planned) {
        run(what, true, draft -> {
            ReshardPlan plan = planned.apply(existing(name));
            requireRoom(plan.opened().size());
            Reshard.add(plan, state, draft);
        });
    }

    @Override
    public void delete(StreamName name) {
        run("delete stream '" + name + "'", true, draft -> {
            existing(name);
            StreamDeletion.add(state.stream(name).orElseThrow(), state, draft);
        });
        onSettings.run();
    }

    /** Decided by the writer, and durable on return. Alone: in a commit of its own. */
    private void run(String what, boolean alone, Consumer<CommitDraft> change) {
        CompletableFuture<AppendResult> future = new CompletableFuture<>();
        Function<CommitDraft, AppendResult> decide = draft -> {
            try {
                change.accept(draft);
                return new AppendResult.Committed(draft.header().lsn(), List.of());
            } catch (StreamLogException e) {
                return new AppendResult.Refused(String.valueOf(e.getMessage()), AppendResult.NEVER);
            }
        };
        if (!queue.offerAlways(new Submission.Unit(WEIGHT_BYTES, decide, future, alone))) {
            throw new StreamLogException(StreamLogException.Category.FATAL, "the log is closed: " + what);
        }
        try {
            AppendResult result = future.get(DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
            if (result instanceof AppendResult.Refused refused
                    && refused.retryAfter().equals(AppendResult.NEVER)) {
                throw reject(refused.reason());
            }
            if (result instanceof AppendResult.Refused refused) {
                throw retry(what + ": " + refused.reason() + "; try again later");
            }
            if (result instanceof AppendResult.Unknown unknown) {
                throw retry(what + ": " + unknown.reason() + MAY_HAPPEN);
            }
        } catch (ExecutionException | TimeoutException e) {
            throw new StreamLogException(
                    StreamLogException.Category.RETRY,
                    what + ": no answer within " + DEADLINE.toSeconds() + " s" + MAY_HAPPEN,
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StreamLogException(StreamLogException.Category.RETRY, what + ": interrupted" + MAY_HAPPEN, e);
        }
    }
}
