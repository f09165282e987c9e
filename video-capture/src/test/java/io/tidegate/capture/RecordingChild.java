package io.tidegate.capture;

import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.support.InMemoryLog;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/** A process that records until it is killed, and prints every record once the log has it. */
final class RecordingChild {
    private RecordingChild() {}

    public static void main(String[] arguments) throws Exception {
        SystemClock clock = new SystemClock();
        InMemoryLog memory = InMemoryLog.create(clock);
        memory.admin().create(StreamSettings.of(StreamName.VIDEO));
        VideoStoreSettings settings =
                VideoStoreSettings.of(Path.of(arguments[0])).withSegmentMax(Duration.ofSeconds(6));
        VideoStore store = VideoStore.open(settings, printing(memory), clock, new Random());
        EffectiveClock time = new EffectiveClock(clock, () -> true, 0);
        CameraSettings first = new CameraSettings("one", "synthetic:", "main", true, 320, 180, 15);
        CameraSettings second = new CameraSettings("two", "synthetic:", "main", true, 160, 90, 30);
        Camera.start(first, store, clock, time, new Random(1));
        Camera.start(second, store, clock, time, new Random(2));
        System.in.read();
        Runtime.getRuntime().halt(0);
    }

    private static StreamLog printing(StreamLog log) {
        return (StreamLog) Proxy.newProxyInstance(
                RecordingChild.class.getClassLoader(), new Class<?>[] {StreamLog.class}, (proxy, method, values) -> {
                    Object result = method.invoke(log, values);
                    if (method.getName().equals("append")) {
                        ((CompletableFuture<?>) result).join(); // a log in memory commits at once
                        ((AppendUnit) values[0])
                                .records()
                                .forEach(r ->
                                        System.out.println("RECORD " + r.data().utf8()));
                    }
                    return result;
                });
    }
}
