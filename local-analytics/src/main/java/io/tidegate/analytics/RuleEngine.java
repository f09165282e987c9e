package io.tidegate.analytics;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.Worker;
import io.tidegate.core.runtime.WorkerThread;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Runs rules over the log: each reads its stream in commit order and writes its derived stream, once per input, across
 * restarts and crashes. Rules take turns on one thread, {@code rules}; one that fails waits and tries again while the
 * others go on. A target stream that does not exist is created.
 *
 * <p>Thread-safe; the rules themselves are confined to the thread {@code rules}.
 */
public final class RuleEngine implements AutoCloseable {
    private static final Duration IDLE = Duration.ofMillis(250);

    private final List<RuleRun> runs = new ArrayList<>();
    private volatile @Nullable WorkerThread thread;
    private boolean closed;

    private RuleEngine(
            List<RuleFile> rules, StreamLog log, RuleEngineSettings settings, Clock clock, RandomGenerator random) {
        for (RuleFile rule : rules) {
            runs.add(new RuleRun(rule, log, settings, clock, RuleRun.backoff(settings, random), this::wake));
        }
    }

    /** Throws {@link RuleException} if two rules have one name, or rules feed each other in a circle. */
    public static RuleEngine create(
            List<RuleFile> rules, StreamLog log, RuleEngineSettings settings, Clock clock, RandomGenerator random) {
        Set<String> names = new HashSet<>();
        Map<StreamName, Set<StreamName>> flows = new HashMap<>();
        for (RuleFile rule : rules) {
            if (!names.add(rule.name())) {
                throw new RuleException("two rules are named '" + rule.name() + "'");
            }
            flows.computeIfAbsent(rule.source(), unused -> new HashSet<>()).add(rule.target());
        }
        for (RuleFile rule : rules) {
            if (reaches(rule.target(), rule.source(), flows, new HashSet<>())) {
                throw new RuleException("rule '" + rule.name()
                        + "' would read, through other rules, what it writes to '" + rule.target() + "'");
            }
        }
        return new RuleEngine(List.copyOf(rules), log, settings, clock, random);
    }

    private static boolean reaches(
            StreamName from, StreamName to, Map<StreamName, Set<StreamName>> flows, Set<StreamName> seen) {
        if (from.equals(to)) {
            return true;
        }
        return seen.add(from)
                && flows.getOrDefault(from, Set.of()).stream().anyMatch(next -> reaches(next, to, flows, seen));
    }

    /** Starts the thread; does nothing without rules, or a second time. */
    public synchronized void start() {
        if (!runs.isEmpty() && thread == null && !closed) {
            thread =
                    WorkerThread.start("rules", worker(), IDLE, e -> Logger.error(e, "the thread of the rules failed"));
            Logger.info("{} rules started", runs.size());
        }
    }

    /** The work of the thread, for tests that take its turns themselves. */
    Worker worker() {
        return new Worker() {
            @Override
            public int doWork() {
                int done = 0;
                for (RuleRun run : runs) {
                    done += run.turn();
                }
                return done;
            }

            @Override
            public void onClose() {
                runs.forEach(RuleRun::close);
            }
        };
    }

    private void wake() {
        WorkerThread running = thread;
        if (running != null) {
            running.wake();
        }
    }

    /** How each rule is doing, in the order given. */
    public List<RuleStatus> status() {
        return runs.stream().map(RuleRun::status).toList();
    }

    /** Ends after the current turn. What is not committed by then is evaluated again at the next start. */
    @Override
    public synchronized void close() {
        closed = true;
        WorkerThread running = thread;
        if (running != null) {
            running.close();
            thread = null;
            Logger.info("rules stopped");
        }
    }
}
