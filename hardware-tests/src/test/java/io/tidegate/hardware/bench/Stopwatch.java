package io.tidegate.hardware.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/** The time since a moment, and what a thread has computed since. */
final class Stopwatch {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final long thread;
    private final long startNanos = System.nanoTime();
    private final long startCpuNanos;

    private Stopwatch(long thread) {
        this.thread = thread;
        this.startCpuNanos = THREADS.getThreadCpuTime(thread);
    }

    /** Of the calling thread. */
    static Stopwatch start() {
        return ofThread(Thread.currentThread().getId());
    }

    static Stopwatch ofThread(long id) {
        return new Stopwatch(id);
    }

    /** The ids of the threads of this name. */
    static Set<Long> threads(String name) {
        return Arrays.stream(THREADS.getThreadInfo(THREADS.getAllThreadIds()))
                .filter(thread -> thread != null && thread.getThreadName().equals(name))
                .map(ThreadInfo::getThreadId)
                .collect(Collectors.toSet());
    }

    double seconds() {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    double cpuMicros() {
        return (THREADS.getThreadCpuTime(thread) - startCpuNanos) / 1e3;
    }

    Contender.Cost cost(long records) {
        return new Contender.Cost(records / seconds(), cpuMicros() / records);
    }
}
