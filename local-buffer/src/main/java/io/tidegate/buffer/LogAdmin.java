package io.tidegate.buffer;

import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.HashKeyRange;
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
import java.util.function.Function;
import org.tinylog.Logger;

/** Creates, changes and describes streams through the log's writer. Thread-safe. */
final class LogAdmin implements StreamAdmin {
    private static final int WEIGHT_BYTES = 1024;
    static final int SHARDS_IN_ALL_MAX = 1024;
    private static final Duration DEADLINE = Duration.ofSeconds(30);

    private final LogState state;
    private final CommitQueue queue;
    private final EffectiveClock clock;

    LogAdmin(LogState state, CommitQueue queue, EffectiveClock clock) {
        this.state = state;
        this.queue = queue;
        this.clock = clock;
    }

    @Override
    public boolean create(StreamSettings settings) {
        Optional<StreamDescription> before = describe(settings.name());
        if (before.isPresent()) {
            requireSameShards(before.get().settings(), settings.shards());
            return false;
        }
        // Two creations at once: the writer decides which came first.
        boolean[] created = {false};
        run("create stream '" + settings.name() + "'", draft -> {
            created[0] = create(settings, draft);
            return new AppendResult.Committed(draft.header().lsn(), List.of());
        });
        requireSameShards(describe(settings.name()).orElseThrow().settings(), settings.shards());
        return created[0];
    }

    private boolean create(StreamSettings settings, CommitDraft draft) {
        if (state.stream(settings.name()).isPresent() || draft.creates(settings.name())) {
            return false;
        }
        int ordinal = Math.max(state.nextOrdinal(), draft.nextOrdinal());
        if (state.allShards().size() + settings.shards() > SHARDS_IN_ALL_MAX) {
            throw new StreamLogException(
                    StreamLogException.Category.REJECT, "a log has at most " + SHARDS_IN_ALL_MAX + " shards");
        }
        draft.add(new ControlEntry.StreamSet(settings, clock.now().millis()));
        int number = 0;
        for (HashKeyRange range : HashKeyRange.evenly(settings.shards())) {
            draft.add(new ControlEntry.ShardOpened(
                    ordinal++, new ShardId(settings.name(), number++), range, state.firstSequenceNumber()));
        }
        return true;
    }

    private static void requireSameShards(StreamSettings existing, int shards) {
        if (existing.shards() != shards) {
            throw new StreamLogException(
                    StreamLogException.Category.REJECT,
                    "stream '" + existing.name() + "' has " + existing.shards() + " shards, not " + shards);
        }
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
        StreamDescription before = describe(name)
                .orElseThrow(
                        () -> new StreamLogException(StreamLogException.Category.REJECT, "no stream '" + name + "'"));
        StreamSettings changed = settings.withShards(before.settings().shards());
        if (changed.equals(before.settings())) {
            return;
        }
        run("change stream '" + name + "'", draft -> {
            draft.add(new ControlEntry.StreamSet(changed, before.createdMillis()));
            return new AppendResult.Committed(draft.header().lsn(), List.of());
        });
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
        run("say which consumers are required", draft -> {
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
            return new AppendResult.Committed(draft.header().lsn(), List.of());
        });
        released.forEach(name -> Logger.info("What consumer {} has not confirmed is no longer kept for it", name));
    }

    private void run(String what, Function<CommitDraft, AppendResult> change) {
        CompletableFuture<AppendResult> future = new CompletableFuture<>();
        if (!queue.offerAlways(new Submission.Unit(WEIGHT_BYTES, change, future))) {
            throw new StreamLogException(StreamLogException.Category.FATAL, "the log is closed: " + what);
        }
        try {
            AppendResult result = future.get(DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
            if (!(result instanceof AppendResult.Committed)) {
                throw new StreamLogException(StreamLogException.Category.RETRY, what + ": " + result);
            }
        } catch (ExecutionException | TimeoutException e) {
            throw new StreamLogException(StreamLogException.Category.RETRY, what + ": no answer within " + DEADLINE, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StreamLogException(StreamLogException.Category.RETRY, what + ": interrupted", e);
        }
    }
}
