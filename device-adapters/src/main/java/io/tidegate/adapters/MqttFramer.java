package io.tidegate.adapters;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import java.util.function.LongSupplier;

/**
 * Cuts the stream of a client into packets by their lengths (MQTT 5.0, section 2.1.4), so that the decoder behind it
 * sees one whole packet at a time. A packet that is too large is refused by its first bytes and never gathered; what
 * is gathered of all clients is counted; and a packet whose fields run past its end is found out, because the decoder,
 * which would wait for the next packet's bytes, makes no message of it.
 *
 * <p>Confined to the event loop.
 */
final class MqttFramer extends ByteToMessageDecoder {
    private static final int LENGTH_BYTES_MAX = 4;

    private final int packetBytesMax;
    private final IntPredicate gathered;
    private final LongSupplier messages;
    private final Consumer<MqttClose> onBreach;
    private int reportedBytes;
    private boolean breached;

    /**
     * @param gathered is told how many bytes of unfinished packets there are more (or less); false: too many
     * @param messages how many messages have come out at the end of the pipeline
     */
    MqttFramer(int packetBytesMax, IntPredicate gathered, LongSupplier messages, Consumer<MqttClose> onBreach) {
        this.packetBytesMax = packetBytesMax;
        this.gathered = gathered;
        this.messages = messages;
        this.onBreach = onBreach;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object read) throws Exception {
        super.channelRead(context, read);
        if (!report(actualReadableBytes())) {
            breach(MqttClose.MEMORY);
        }
    }

    /** Unlike the inherited one, it never reads on by itself: while reading is off, it stays off. */
    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        discardSomeReadBytes();
        context.fireChannelReadComplete();
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (breached) {
            in.skipBytes(in.readableBytes());
            return;
        }
        int length = 0;
        for (int i = 0; i < LENGTH_BYTES_MAX; i++) {
            int at = in.readerIndex() + 1 + i;
            if (at >= in.writerIndex()) {
                return;
            }
            byte b = in.getByte(at);
            length |= (b & 0x7F) << (7 * i);
            if (b >= 0) {
                packet(context, in, 2 + i + length);
                return;
            }
        }
        breach(MqttClose.MALFORMED);
    }

    private void packet(ChannelHandlerContext context, ByteBuf in, int bytes) {
        if (bytes > packetBytesMax) {
            breach(MqttClose.PACKET_TOO_LARGE);
        } else if (in.readableBytes() >= bytes) {
            long before = messages.getAsLong();
            context.fireChannelRead(in.readRetainedSlice(bytes));
            if (messages.getAsLong() == before) {
                breach(MqttClose.MALFORMED);
            }
        }
    }

    private void breach(MqttClose reason) {
        breached = true;
        onBreach.accept(reason);
    }

    private boolean report(int bytes) {
        int more = bytes - reportedBytes;
        reportedBytes = bytes;
        return gathered.test(more);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) throws Exception {
        breached = true;
        super.channelInactive(context);
        report(0);
    }
}
