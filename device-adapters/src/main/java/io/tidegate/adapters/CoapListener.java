package io.tidegate.adapters;

import io.tidegate.core.stream.StreamLog;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.californium.core.config.CoapConfig;
import org.eclipse.californium.core.network.CoapEndpoint;
import org.eclipse.californium.core.network.EndpointContextMatcherFactory;
import org.eclipse.californium.core.network.ExtendedCoapStackFactory;
import org.eclipse.californium.core.network.InMemoryMessageExchangeStore;
import org.eclipse.californium.core.network.Outbox;
import org.eclipse.californium.core.network.RandomTokenGenerator;
import org.eclipse.californium.core.network.stack.CoapStack;
import org.eclipse.californium.core.network.stack.CoapUdpStack;
import org.eclipse.californium.elements.EndpointContextMatcher;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.elements.config.SystemConfig;
import org.eclipse.californium.elements.config.UdpConfig;
import org.eclipse.californium.elements.util.DaemonThreadFactory;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * The CoAP server (RFC 7252, block-wise uploads of RFC 7959): devices POST or PUT readings to any path, and 2.04 means
 * that the reading is durable. A retransmission gets the first answer again.
 *
 * <p>Three threads: {@code coap-receiver} reads the socket, {@code coap-protocol} works on messages, {@code coap-timer}
 * sends again and forgets. Thread-safe.
 */
public final class CoapListener implements AutoCloseable {
    private static final int PEERS_MAX = 2_000;
    private static final int BLOCK_BYTES = 1_024;
    private static final int UPLOAD_SECONDS = 60;
    private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(2);

    private final CoapEndpoint endpoint;
    private final CoapSocket socket;
    private final CoapRequests requests;
    private final ScheduledThreadPoolExecutor protocol;
    private final ScheduledThreadPoolExecutor timer;

    private CoapListener(CoapListenerSettings settings, Routes routes, StreamLog log) {
        this.protocol = executor("coap-protocol-");
        this.timer = executor("coap-timer-");
        this.socket = new CoapSocket(new InetSocketAddress(settings.host(), settings.port()), () -> protocol.getQueue()
                .size());
        this.requests = new CoapRequests(settings.limits(), routes, log, timer);
        this.endpoint = endpoint(settings.limits(), socket);
        endpoint.setExecutors(protocol, timer);
        endpoint.setMessageDeliverer(requests);
    }

    /** Listens when it returns. Throws {@link AdapterException} if it cannot. The streams of the routes must exist. */
    public static CoapListener start(CoapListenerSettings settings, Routes routes, StreamLog log) {
        CoapListener listener = new CoapListener(settings, routes, log);
        try {
            listener.endpoint.start();
        } catch (IOException | RuntimeException e) {
            listener.close();
            throw new AdapterException(
                    "the CoAP server cannot listen on " + settings.host() + ":" + settings.port() + " (UDP): "
                            + e.getMessage() + ": choose another port (coap.port), or 0 for any",
                    e);
        }
        if (settings.isOnLoopback()) {
            Logger.info("CoAP server listens on {}:{}", settings.host(), listener.port());
        } else {
            Logger.warn(
                    "CoAP server listens on {}:{} and takes readings from anybody (allow-anonymous)",
                    settings.host(),
                    listener.port());
        }
        return listener;
    }

    public int port() {
        return socket.getAddress().getPort();
    }

    public CoapListenerStats stats() {
        return requests.stats(socket.dropped());
    }

    /** Takes nothing more, answers what was taken as far as the log answers within two seconds, and ends. */
    @Override
    public void close() {
        socket.mute();
        requests.close();
        try {
            requests.awaitAnswers(CLOSE_DEADLINE);
            // Answers are sent by the protocol thread, in order: behind this one everything has left.
            protocol.submit(() -> {}).get(CLOSE_DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException | RejectedExecutionException e) {
            Logger.debug("CoAP answers may not have left: {}", e.toString());
        }
        endpoint.destroy();
        timer.shutdownNow();
        protocol.shutdownNow();
    }

    private static ScheduledThreadPoolExecutor executor(String name) {
        ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, new DaemonThreadFactory(name));
        executor.setRemoveOnCancelPolicy(true);
        return executor;
    }

    private static CoapEndpoint endpoint(CoapLimits limits, CoapSocket socket) {
        // No file: Californium would write one into the working directory.
        Configuration configuration = new Configuration(
                        CoapConfig.DEFINITIONS, UdpConfig.DEFINITIONS, SystemConfig.DEFINITIONS)
                .set(CoapConfig.PROTOCOL_STAGE_THREAD_COUNT, 1)
                .set(CoapConfig.MAX_ACTIVE_PEERS, PEERS_MAX)
                .set(CoapConfig.MAX_RESOURCE_BODY_SIZE, limits.bodyBytesMax())
                .set(CoapConfig.MAX_MESSAGE_SIZE, BLOCK_BYTES)
                .set(CoapConfig.PREFERRED_BLOCK_SIZE, BLOCK_BYTES)
                .set(CoapConfig.BLOCKWISE_STATUS_LIFETIME, UPLOAD_SECONDS, TimeUnit.SECONDS)
                .set(CoapConfig.USE_MESSAGE_OFFLOADING, true);
        RandomTokenGenerator tokens = new RandomTokenGenerator(configuration);
        InMemoryMessageExchangeStore exchanges = new InMemoryMessageExchangeStore("coap", configuration, tokens);
        exchanges.setDeduplicator(new RecentRequests(limits.rememberedMax()));
        return CoapEndpoint.builder()
                .setConfiguration(configuration)
                .setConnector(socket)
                .setTokenGenerator(tokens)
                .setMessageExchangeStore(exchanges)
                .setEndpointContextMatcher(EndpointContextMatcherFactory.create(socket, configuration))
                .setCoapStackFactory(new FewUploads(limits.uploadsMax()))
                .setLoggingTag("coap")
                .build();
    }

    /**
     * The usual stack, with a limit of its own for block-wise uploads: Californium knows one limit for peers, which are
     * small, and for uploads, which hold a body each.
     */
    private record FewUploads(int uploadsMax) implements ExtendedCoapStackFactory {
        @Override
        public CoapStack createCoapStack(
                String protocol,
                String tag,
                Configuration configuration,
                EndpointContextMatcher matcher,
                Outbox outbox,
                @Nullable Object argument) {
            Configuration stack = new Configuration(configuration).set(CoapConfig.MAX_ACTIVE_PEERS, uploadsMax);
            return new CoapUdpStack(tag, stack, matcher, outbox);
        }

        @Override
        @SuppressWarnings("deprecation") // of the interface, which still demands it
        public CoapStack createCoapStack(
                String protocol, String tag, Configuration configuration, Outbox outbox, @Nullable Object argument) {
            throw new UnsupportedOperationException("Californium 3 asks for a stack with a matcher");
        }
    }
}
