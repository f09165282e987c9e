package io.tidegate.adapters;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.mqtt.MqttDecoder;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.netty.util.concurrent.Future;
import io.tidegate.core.stream.StreamLog;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.tinylog.Logger;

/**
 * A server for MQTT 3.1.1 and 5 whose acknowledgements mean durable: a PUBACK leaves after the commit that holds its
 * message. It takes messages of quality 0 and 1 and passes none on: subscriptions are refused, nothing is retained, no
 * session is kept. A will is taken like a message.
 *
 * <p>While the log is behind, connections are not read: clients wait, nothing is dropped.
 *
 * <p>Thread-safe. One thread, {@code mqtt-listener-1}, serves all connections.
 */
public final class MqttListener implements AutoCloseable {
    private static final int READ_BYTES = 16 << 10;
    private static final int CLIENT_ID_BYTES_MAX = 65_535;
    private static final Duration DRAIN_DEADLINE = Duration.ofSeconds(4);
    private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(2);

    private final NioEventLoopGroup threads;
    private final EventLoop eventLoop;
    private final MqttCounters counters = new MqttCounters();
    private final MqttConnections connections;
    private final MqttLogin login;
    private final SecureRandom random;
    private final Channel server;
    private final AtomicBoolean closed = new AtomicBoolean();

    private MqttListener(MqttListenerSettings settings, Routes routes, StreamLog log, SecureRandom random) {
        this.random = random;
        this.threads = new NioEventLoopGroup(1, new NamedThreads("mqtt-listener-1"));
        this.eventLoop = threads.next();
        this.connections = new MqttConnections(settings.limits(), eventLoop, counters, routes, log);
        this.login = new MqttLogin(settings, eventLoop, random);
        this.server = bind(settings);
    }

    /**
     * Listens from the return on. The streams of the routes must exist.
     *
     * @throws AdapterException if it cannot listen there
     */
    public static MqttListener start(MqttListenerSettings settings, Routes routes, StreamLog log, SecureRandom random) {
        if (settings.allowAnonymous()) {
            Logger.warn("The MQTT listener on {} takes messages from anybody (allow-anonymous)", settings.host());
        }
        MqttListener listener = new MqttListener(settings, routes, log, random);
        Logger.info("The MQTT listener is ready on {} port {}", settings.host(), listener.port());
        return listener;
    }

    private Channel bind(MqttListenerSettings settings) {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(threads)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .option(ChannelOption.SO_BACKLOG, 256)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                // What one read brings is kept even if the log has no room for it: it must be small.
                .childOption(
                        ChannelOption.RCVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(READ_BYTES).maxMessagesPerRead(1))
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(16 << 10, 64 << 10))
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        accept(channel, settings.limits());
                    }
                });
        try {
            return bootstrap
                    .bind(new InetSocketAddress(settings.host(), settings.port()))
                    .syncUninterruptibly()
                    .channel();
        } catch (Exception e) {
            // Netty throws checked exceptions unannounced: a BindException, an unresolved address.
            connections.ingest().close();
            login.close();
            Future<?> unused = threads.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            throw new AdapterException(
                    "the MQTT listener cannot listen on " + settings.host() + " port " + settings.port() + ": "
                            + e.getMessage() + "; choose another port, or end the program that uses it",
                    e);
        }
    }

    private void accept(SocketChannel channel, MqttLimits limits) {
        MqttConnection connection = new MqttConnection(connections, login, this::newClientId, new MqttLink(channel));
        channel.pipeline()
                .addLast(new MqttFramer(
                        limits.packetBytesMax(), connections::gathered, connection::messages, connection::close))
                .addLast(new MqttDecoder(limits.packetBytesMax(), CLIENT_ID_BYTES_MAX))
                .addLast(MqttEncoder.INSTANCE)
                .addLast(connection);
    }

    private String newClientId() {
        byte[] bytes = new byte[8];
        random.nextBytes(bytes);
        return "tidegate-" + HexFormat.of().formatHex(bytes);
    }

    /** The port that it really listens on. */
    public int port() {
        return ((InetSocketAddress) server.localAddress()).getPort();
    }

    public MqttListenerStats stats() {
        return counters.stats(connections.ingest().counts());
    }

    /**
     * Takes no more connections and messages, acknowledges what the log has taken (for at most 4 seconds), closes all
     * connections and ends the thread.
     */
    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        server.close().awaitUninterruptibly(CLOSE_DEADLINE.toMillis());
        CompletableFuture<Boolean> drained = new CompletableFuture<>();
        eventLoop.execute(() -> connections.drain(() -> drained.complete(true)));
        boolean all = drained.completeOnTimeout(false, DRAIN_DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
                .join();
        connections.ingest().close();
        eventLoop.submit(connections::closeAll).awaitUninterruptibly(CLOSE_DEADLINE.toMillis());
        login.close();
        Future<?> ended = threads.shutdownGracefully(50, CLOSE_DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
        ended.awaitUninterruptibly(2 * CLOSE_DEADLINE.toMillis());
        Logger.info(
                "The MQTT listener has ended, {}",
                all ? "every message it took is answered" : "some messages are not answered: devices send them again");
    }
}
