package io.tidegate.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class WorkerThreadTest {
    private static final Duration LONG = Duration.ofHours(1);
    private final Queue<Exception> errors = new ConcurrentLinkedQueue<>();

    @Test
    void wake_startsATurn_howeverLongTheIdleTime() throws Exception {
        AtomicInteger turns = new AtomicInteger();
        CountDownLatch first = new CountDownLatch(1);
        CountDownLatch second = new CountDownLatch(2);
        Worker worker = () -> {
            turns.incrementAndGet();
            first.countDown();
            second.countDown();
            return 0;
        };
        try (WorkerThread thread = WorkerThread.start("wake-test", worker, LONG, errors::add)) {
            assertThat(first.await(30, TimeUnit.SECONDS)).isTrue();
            thread.wake();
            assertThat(second.await(30, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(errors).isEmpty();
    }

    /** A wake before it, in the same turn, must not be enough: the worker parks again and again until it may go on. */
    @Test
    void rouse_endsAWaitWithinATurn_whichAnEarlierWakeHasAlreadyEndedOnce() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch woken = new CountDownLatch(1);
        CountDownLatch roused = new CountDownLatch(1);
        AtomicBoolean mayGoOn = new AtomicBoolean();
        Worker worker = () -> {
            started.countDown();
            LockSupport.parkNanos(LONG.toNanos()); // ended by the wake
            woken.countDown();
            while (!mayGoOn.get()) {
                LockSupport.parkNanos(LONG.toNanos());
            }
            roused.countDown();
            return 0;
        };
        try (WorkerThread thread = WorkerThread.start("rouse-test", worker, LONG, errors::add)) {
            assertThat(started.await(30, TimeUnit.SECONDS)).isTrue();
            thread.wake();
            assertThat(woken.await(30, TimeUnit.SECONDS)).isTrue();
            mayGoOn.set(true);
            thread.rouse();
            assertThat(roused.await(30, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(errors).isEmpty();
    }

    @Test
    void exceptionOfATurn_isReported_andTheThreadGoesOn() throws Exception {
        AtomicInteger turns = new AtomicInteger();
        CountDownLatch recovered = new CountDownLatch(1);
        Worker worker = () -> {
            if (turns.incrementAndGet() == 1) {
                throw new IllegalStateException("first turn");
            }
            recovered.countDown();
            return 0;
        };
        try (WorkerThread thread = WorkerThread.start("error-test", worker, LONG, errors::add)) {
            thread.wake();
            assertThat(recovered.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(thread.errors()).isEqualTo(1);
        }
        assertThat(errors).singleElement().satisfies(e -> assertThat(e).hasMessage("first turn"));
    }

    @Test
    void close_endsTheThread_onceItsOwnerIsTold() {
        AtomicInteger closed = new AtomicInteger();
        Worker worker = new Worker() {
            @Override
            public int doWork() {
                return 0;
            }

            @Override
            public void onClose() {
                closed.incrementAndGet();
            }
        };
        WorkerThread thread = WorkerThread.start("close-test", worker, LONG, errors::add);
        thread.close();
        thread.close();
        assertThat(closed).hasValue(1);
        assertThat(Thread.getAllStackTraces().keySet().stream().map(Thread::getName))
                .doesNotContain("close-test");
    }
}
