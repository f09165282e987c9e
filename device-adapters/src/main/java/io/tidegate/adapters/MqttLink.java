package io.tidegate.adapters;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The channel of one MQTT client: whether it is read, what is sent, when it is closed.
 *
 * <p>Confined to the event loop.
 */
final class MqttLink {
    private static final Duration GOODBYE = Duration.ofSeconds(2);

    /** Why a channel is not read for now. */
    enum Pause {
        /** The listener as a whole takes nothing. */
        ALL,
        /** The client has as many unacknowledged messages as it may. */
        WINDOW,
        LOGIN,
        /** The client does not read our replies. */
        UNWRITABLE,
        ENDING
    }

    private final Channel channel;
    private final Set<Pause> pauses = EnumSet.noneOf(Pause.class);

    MqttLink(Channel channel) {
        this.channel = channel;
    }

    /** Does not read until the same reason is taken back, and every other. */
    void pause(Pause reason) {
        if (pauses.add(reason)) {
            channel.config().setAutoRead(false);
        }
    }

    void resume(Pause reason) {
        if (pauses.remove(reason) && pauses.isEmpty()) {
            channel.config().setAutoRead(true);
        }
    }

    boolean isPaused() {
        return !pauses.isEmpty();
    }

    boolean isWritable() {
        return channel.isWritable();
    }

    ByteBuf buffer(int bytes) {
        return channel.alloc().buffer(bytes);
    }

    /** Sends a packet or bytes. A write that fails breaks the connection, which is heard of otherwise. */
    void send(Object packet) {
        ChannelFuture unused = channel.writeAndFlush(packet);
    }

    /** Closes after these words, or after a while if they never leave. */
    void sendLast(Object packet) {
        ChannelFuture unused = channel.writeAndFlush(packet).addListener(ChannelFutureListener.CLOSE);
        after(GOODBYE, this::close);
    }

    void close() {
        ChannelFuture unused = channel.close();
    }

    /** From now on an idle event says that the client has been silent for one and a half times its keep alive. */
    void watchSilence(int keepAliveSeconds) {
        channel.pipeline().addFirst(new IdleStateHandler(keepAliveSeconds * 1_500L, 0, 0, TimeUnit.MILLISECONDS));
    }

    void after(Duration time, Runnable work) {
        Future<?> unused = channel.eventLoop().schedule(work, time.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public String toString() {
        return String.valueOf(channel.remoteAddress());
    }
}
