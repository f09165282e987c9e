package io.tidegate.gateway.http;

import java.io.IOException;
import java.net.BindException;
import java.nio.channels.UnresolvedAddressException;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;
import org.tinylog.Logger;

/**
 * The one HTTP listener of a gateway or a central: API, mounts of other modules, metrics and console on one port. It
 * accepts as soon as {@link #start} returns. Close it before the log: requests under way are given the stop deadline,
 * tails are told that it is over.
 *
 * <p>Thread-safe. Its threads are named {@code http-*}; at most 8 run requests, and none waits for a commit, a reader
 * or a slow client.
 */
public final class HttpServer implements AutoCloseable {
    private static final int THREADS_MAX = 8;
    private static final int HEADER_BYTES_MAX = 16 << 10;
    /** During a stop, connections on which no request is under way are closed after this time. */
    private static final long SHUTDOWN_IDLE_MILLIS = 100;

    private final HttpSettings settings;
    private final Server server;
    private final ServerConnector connector;
    private final RecordWriter writer;
    private final Tails tails;
    private volatile int port;

    private HttpServer(HttpSettings settings, HttpParts parts) {
        this.settings = settings;
        QueuedThreadPool threads = new QueuedThreadPool(THREADS_MAX, 2);
        threads.setName("http");
        threads.setReservedThreads(1);
        threads.setDaemon(true);
        server = new Server(threads, new ScheduledExecutorScheduler("http-timer", true, 1), null);
        connector = connector(server, settings);
        writer = new RecordWriter(parts.log(), threads);
        tails = new Tails(settings.limits(), parts.clock(), threads, server.getScheduler());
        server.addConnector(connector);
        server.addBean(new NetworkConnectionLimit(settings.limits().connectionsMax(), connector));
        server.setErrorHandler(new ProblemErrors());
        server.setHandler(new GracefulHandler(new FrontDoor(
                settings,
                new Routes(settings, parts, threads, writer, tails, new ReadQuotas(parts.log(), parts.clock())))));
        server.setStopTimeout(settings.limits().stopDeadline().toMillis());
        server.setStopAtShutdown(false);
    }

    private static ServerConnector connector(Server server, HttpSettings settings) {
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setRequestHeaderSize(HEADER_BYTES_MAX);
        ServerConnector connector =
                new ServerConnector(server, null, null, null, 0, 1, new HttpConnectionFactory(http));
        connector.setHost(settings.host());
        connector.setPort(settings.port());
        connector.setIdleTimeout(settings.limits().idleTimeout().toMillis());
        connector.setShutdownIdleTimeout(SHUTDOWN_IDLE_MILLIS);
        return connector;
    }

    /**
     * Starts to listen.
     *
     * @throws IllegalArgumentException saying what to do, if strangers could get in (P7) or the host is not known
     * @throws IOException saying host and port, if it cannot listen there
     */
    public static HttpServer start(HttpSettings settings, HttpParts parts) throws IOException {
        settings.refuseOpenDoor();
        HttpServer started = new HttpServer(settings, parts);
        try {
            started.server.start();
            started.port = started.connector.getLocalPort();
        } catch (Exception e) {
            started.close();
            throw new IOException(started.whyNot(e), e);
        }
        if (!settings.isLoopback() && settings.tokens().isEmpty()) {
            Logger.warn("HTTP lets everybody in who can reach {}, by http.allow-anonymous", settings.host());
        }
        Logger.info("HTTP is listening on {}:{}", settings.host(), started.port());
        return started;
    }

    private String whyNot(Exception cause) {
        String where = settings.host() + ":" + settings.port();
        for (Throwable reason = cause; reason != null; reason = reason.getCause()) {
            if (reason instanceof BindException) {
                return "cannot listen for HTTP on " + where + ": " + reason.getMessage()
                        + "; choose another http.port (0: any free one), or stop what uses it";
            }
            if (reason instanceof UnresolvedAddressException) {
                return "cannot listen for HTTP on " + where + ": the host is not known on this machine";
            }
        }
        return "cannot listen for HTTP on " + where + ": " + cause;
    }

    /** The real port. */
    public int port() {
        return port;
    }

    /** Ends tails, gives requests under way their deadline, then closes what is left. */
    @Override
    public void close() throws IOException {
        tails.close();
        try {
            server.stop();
        } catch (TimeoutException e) {
            Logger.warn("HTTP has cut off requests that did not end in time");
        } catch (Exception e) {
            throw new IOException("HTTP did not stop in order: " + e, e);
        } finally {
            writer.close();
            server.destroy();
        }
        Logger.info("HTTP has stopped");
    }
}
