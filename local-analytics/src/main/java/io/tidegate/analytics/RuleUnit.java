package io.tidegate.analytics;

import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Attributes;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.ContentTypes;
import io.tidegate.core.stream.Expectation;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.StreamRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The next commit of one rule: outputs, and the place that the rule has reached with them. Confined to the rule.
 */
final class RuleUnit {
    private static final int RECORDS_MAX = 1_000;
    private static final int BYTES_MAX = 1 << 20;
    /** Well below what the log takes at once, with its own bytes around the data. */
    private static final int BYTES_TOGETHER_MAX = 2 << 20;

    private final RuleFile rule;
    private final List<NewRecord> outputs = new ArrayList<>();
    private RuleCounts counts;
    private long bytes;

    RuleUnit(RuleFile rule, RuleCounts counts) {
        this.rule = rule;
        this.counts = counts;
    }

    boolean isFull() {
        return outputs.size() >= RECORDS_MAX || bytes >= BYTES_MAX;
    }

    boolean hasOutputs() {
        return !outputs.isEmpty();
    }

    /** One output alone always fits: its own limit is its stream's. */
    boolean hasRoomFor(Output output) {
        return outputs.isEmpty() || bytes + output.data().length() <= BYTES_TOGETHER_MAX;
    }

    RuleCounts counts() {
        return counts;
    }

    void missed(long records) {
        counts = counts.plusMissed(records);
    }

    void filtered() {
        counts = counts.plusFiltered();
    }

    void rejected(RowFault fault) {
        counts = counts.plusRejected(fault);
    }

    /** Adds what the rule made of a record, with the evidence of where it comes from (C8). */
    void emit(StreamRecord input, Output output) {
        String inputs = input.shard().name() + ":" + input.sequenceNumber() + "-" + (input.sequenceNumber() + 1);
        // The ordinal is the input's place: two readings of one device may bear the same time.
        String derivedId = RuleFile.sha256(rule.name() + "\n" + rule.planHash() + "\n" + output.partitionKey() + "\n"
                + input.eventTimeMillis() + "\n" + input.shard() + ":" + input.sequenceNumber());
        outputs.add(new NewRecord(
                rule.target(),
                output.partitionKey(),
                null,
                input.eventTimeMillis(),
                input.eventTimeFrom(),
                ContentTypes.JSON,
                Attributes.of(Map.of(
                        "rule",
                        rule.name(),
                        "rule-version",
                        rule.version(),
                        "derived-id",
                        derivedId,
                        "inputs",
                        inputs)),
                output.data(),
                null));
        bytes += output.data().length();
        counts = counts.plusEmitted();
    }

    Checkpoint checkpointAt(LogPosition next) {
        return new Checkpoint.InCommitOrder(next, counts.encode());
    }

    /** The unit is refused as a whole if the rule's checkpoint is no longer what it was when the inputs were read. */
    AppendUnit unit(Checkpoint checkpoint, @Nullable Checkpoint before) {
        ConsumerName consumer = consumer(rule);
        CheckpointScope scope = scope(rule);
        return new AppendUnit(
                outputs,
                List.of(new CheckpointUpdate(consumer, scope, checkpoint)),
                List.of(),
                List.of(new Expectation.CheckpointIs(consumer, scope, before)));
    }

    static ConsumerName consumer(RuleFile rule) {
        return new ConsumerName("rule/" + rule.name());
    }

    static CheckpointScope scope(RuleFile rule) {
        return new CheckpointScope.CommitOrder(Set.of(rule.source()));
    }
}
