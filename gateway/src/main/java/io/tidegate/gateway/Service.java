package io.tidegate.gateway;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Something that runs until the process is asked to end. */
interface Service extends AutoCloseable {
    /** The id of a process with which this one is to end: the demo sets it, so that a demo that is killed leaves nothing. */
    String PARENT = "TIDEGATE_PARENT_PID";

    /** The real ports of its listeners, by name. */
    Map<String, Integer> ports();

    /** {@code gateway} or {@code central}. */
    String role();

    /** Starts it, says where it is, and stops it on SIGTERM or SIGINT, within 10 seconds. */
    static int run(Callable<Service> start, PrintWriter out, boolean json) throws Exception {
        StopSignal stop = StopSignal.install(Duration.ofSeconds(9));
        endWithParent(System.getenv(PARENT), stop);
        int exitCode = ExitCode.FAILED;
        try (Service service = start.call()) {
            announce(service, out, json);
            stop.await();
            exitCode = ExitCode.OK;
        } finally {
            stop.finished(exitCode);
        }
        return exitCode;
    }

    private static void endWithParent(@Nullable String parent, StopSignal stop) {
        if (parent == null || !parent.matches("[0-9]{1,18}")) {
            return;
        }
        ProcessHandle.of(Long.parseLong(parent)).ifPresentOrElse(stop::requestAtEndOf, stop::request);
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
}
