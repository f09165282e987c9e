package io.tidegate.gateway;

import java.io.PrintWriter;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.tinylog.Logger;
import tools.jackson.databind.json.JsonMapper;

/** Something that runs until the process is asked to end. */
interface Service extends AutoCloseable {
    /** The real ports of its listeners, by name. */
    Map<String, Integer> ports();

    /** {@code gateway} or {@code central}. */
    String role();

    /** Starts it, says where it is, and stops it on SIGTERM or SIGINT, within 10 seconds. */
    static int run(Callable<Service> start, PrintWriter out, boolean json) throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch stopped = new CountDownLatch(1);
        Thread hook = Executors.defaultThreadFactory().newThread(() -> awaitStop(asked, stopped));
        hook.setName("shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        boolean orderly = false;
        try (Service service = start.call()) {
            announce(service, out, json);
            asked.await();
            orderly = true;
        } finally {
            stopped.countDown();
            if (asked.getCount() > 0) {
                Runtime.getRuntime().removeShutdownHook(hook);
            }
        }
        return orderly ? ExitCode.OK : ExitCode.FAILED;
    }

    private static void announce(Service service, PrintWriter out, boolean json) {
        if (json) {
            Map<String, Object> line = new TreeMap<>();
            line.put("role", service.role());
            line.put("ports", service.ports());
            out.println(JsonMapper.shared().writeValueAsString(line));
        } else {
            out.println(service.role() + " is ready: http://127.0.0.1:"
                    + service.ports().get("http") + "/console/ " + new TreeMap<>(service.ports()));
        }
        out.flush();
    }

    /** Runs while the JVM shuts down: everything is closed by the main thread, then the exit code is 0. */
    private static void awaitStop(CountDownLatch asked, CountDownLatch stopped) {
        asked.countDown();
        try {
            if (stopped.await(9, TimeUnit.SECONDS)) {
                Runtime.getRuntime().halt(ExitCode.OK);
            }
            Logger.error("Not everything stopped within 9 s; what was acknowledged is durable");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(ExitCode.FAILED);
    }
}
