package io.tidegate.analytics;

import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.StreamName;
import org.jspecify.annotations.Nullable;

/**
 * How a rule is doing. Immutable.
 *
 * @param detail why it does not run, empty if it runs
 * @param lastRejection the latest row that was left out and why, empty if there was none since the start
 * @param counts as of the last commit of the rule
 * @param position as of the last commit; null: none yet
 * @param millisBehindLatest how old the first record is that it has not read
 * @param failures since the last success
 */
public record RuleStatus(
        String name,
        String version,
        StreamName source,
        StreamName target,
        State state,
        String detail,
        String lastRejection,
        RuleCounts counts,
        @Nullable LogPosition position,
        long millisBehindLatest,
        int failures) {
    /** Whether a rule makes progress. */
    public enum State {
        /** Not yet at its place in the log. */
        STARTING,
        RUNNING,
        /** It failed or was refused, and tries again. Other rules go on. */
        RETRYING,
        CLOSED
    }
}
