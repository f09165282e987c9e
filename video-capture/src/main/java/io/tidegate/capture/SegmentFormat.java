package io.tidegate.capture;

import io.tidegate.core.stream.Payload;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The frames around the media in a segment file. The file as a whole is a fragmented MP4 that any player reads; the
 * frames are {@code uuid} boxes, which players pass over.
 *
 * <pre>
 * segment  := init START { FRAGMENT (moof mdat)+ } [ END ]        init := ftyp moov
 * frame    := size u32 | "uuid" | "TidegateSegment1" | kind u8 | version u8 = 1 | body | CRC-32C u32 of all before it
 * START    := kind 1: flags u16 | init length u32 | init CRC-32C u32 | init SHA-256 32 | run u64 | first fragment u64
 *             | width u16 | height u16 | store, camera, role, codecs: length u16, UTF-8
 * FRAGMENT := kind 2: flags u16 (1 key frame, 2 discontinuity, 4 time from the camera) | run u64 | fragment u64
 *             | producer time ms u64 | media start 90k u64 | duration 90k u32 | frames u32 | bytes u32 | CRC-32C u32 of those bytes
 * END      := kind 3: flags u16 | last fragment u64 | end time ms u64 | count u32
 * </pre>
 */
final class SegmentFormat {
    static final int FRAGMENT_FRAME_BYTES = 24 + 4 + 32 + 16 + 4;
    static final int END_FRAME_BYTES = 24 + 4 + 20 + 4;
    /** The largest START, and the largest init that is believed when a file is read. */
    static final int START_BYTES_MAX = 4096;

    static final int INIT_BYTES_MAX = 1 << 20;
    private static final int PREFIX_BYTES = 24;
    private static final int UUID = 0x7575_6964;
    private static final byte[] TYPE = "TidegateSegment1".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;
    private static final int START = 1;
    private static final int FRAGMENT = 2;
    private static final int END = 3;

    /** What holds for all fragments of a file. */
    record Start(
            int initLength,
            int initCrc32c,
            Payload initSha256,
            long run,
            long firstFragment,
            int width,
            int height,
            String store,
            String camera,
            String role,
            String codecs) {
        String initSha256Hex() {
            return HexFormat.of().formatHex(initSha256.toBytes());
        }
    }

    /** What precedes the bytes of one fragment. */
    record FragmentFrame(
            boolean keyFrame,
            boolean discontinuity,
            boolean timeFromCamera,
            long run,
            long fragment,
            long producerTimeMillis,
            long mediaStart90k,
            int duration90k,
            int frames,
            int bytes,
            int crc32c) {
        long endMillis() {
            return producerTimeMillis + duration90k / 90;
        }
    }

    /** The mark of a file that was closed in order. */
    record End(long lastFragment, long endMillis, int count) {}

    private SegmentFormat() {}

    static Payload encode(Start start) {
        BoxBuffer out = begin(START, 0);
        out.u32(start.initLength()).u32(start.initCrc32c()).bytes(start.initSha256());
        out.u64(start.run()).u64(start.firstFragment()).u16(start.width()).u16(start.height());
        out.text(start.store()).text(start.camera()).text(start.role()).text(start.codecs());
        return end(out);
    }

    static Payload encode(FragmentFrame frame) {
        int flags = (frame.keyFrame() ? 1 : 0) | (frame.discontinuity() ? 2 : 0) | (frame.timeFromCamera() ? 4 : 0);
        BoxBuffer out = begin(FRAGMENT, flags);
        out.u64(frame.run())
                .u64(frame.fragment())
                .u64(frame.producerTimeMillis())
                .u64(frame.mediaStart90k());
        out.u32(frame.duration90k()).u32(frame.frames()).u32(frame.bytes()).u32(frame.crc32c());
        return end(out);
    }

    static Payload encode(End mark) {
        BoxBuffer out = begin(END, 0);
        out.u64(mark.lastFragment()).u64(mark.endMillis()).u32(mark.count());
        return end(out);
    }

    private static BoxBuffer begin(int kind, int flags) {
        BoxBuffer out = new BoxBuffer(128);
        out.begin("uuid");
        return out.bytes(TYPE).u8(kind).u8(VERSION).u16(flags);
    }

    private static Payload end(BoxBuffer out) {
        out.u32(0);
        out.end(0);
        Payload all = out.toPayload();
        int crc = all.slice(0, all.length() - 4).crc32c();
        out.patch(all.length() - 4, crc);
        return all;
    }

    static Optional<Start> decodeStart(byte[] bytes) {
        return body(bytes, START).flatMap(SegmentFormat::start);
    }

    static Optional<FragmentFrame> decodeFragment(byte[] bytes) {
        return body(bytes, FRAGMENT).filter(b -> b.remaining() == 50).map(body -> {
            int flags = body.getShort();
            return new FragmentFrame(
                    (flags & 1) != 0,
                    (flags & 2) != 0,
                    (flags & 4) != 0,
                    body.getLong(),
                    body.getLong(),
                    body.getLong(),
                    body.getLong(),
                    body.getInt(),
                    body.getInt(),
                    body.getInt(),
                    body.getInt());
        });
    }

    static Optional<End> decodeEnd(byte[] bytes) {
        return body(bytes, END).filter(b -> b.remaining() == 22).map(body -> {
            body.getShort();
            return new End(body.getLong(), body.getLong(), body.getInt());
        });
    }

    private static Optional<Start> start(ByteBuffer body) {
        try {
            body.getShort();
            int initLength = body.getInt();
            int initCrc = body.getInt();
            byte[] sha = new byte[32];
            body.get(sha);
            return Optional.of(new Start(
                    initLength,
                    initCrc,
                    Payload.wrap(sha),
                    body.getLong(),
                    body.getLong(),
                    body.getShort() & 0xffff,
                    body.getShort() & 0xffff,
                    text(body),
                    text(body),
                    text(body),
                    text(body)));
        } catch (BufferUnderflowException e) {
            return Optional.empty();
        }
    }

    private static String text(ByteBuffer body) {
        byte[] utf8 = new byte[body.getShort() & 0xffff];
        body.get(utf8);
        return new String(utf8, StandardCharsets.UTF_8);
    }

    /** From the flags to before the CRC, if this is a whole frame of that kind with the right CRC. */
    private static Optional<ByteBuffer> body(byte[] bytes, int kind) {
        ByteBuffer all = ByteBuffer.wrap(bytes);
        if (bytes.length < PREFIX_BYTES + 8 || all.getInt() != bytes.length || all.getInt() != UUID) {
            return Optional.empty();
        }
        byte[] type = new byte[TYPE.length];
        all.get(type);
        int crc = Payload.wrap(bytes, 0, bytes.length - 4).crc32c();
        boolean fits = Arrays.equals(type, TYPE)
                && all.get() == kind
                && all.get() == VERSION
                && ByteBuffer.wrap(bytes, bytes.length - 4, 4).getInt() == crc;
        return fits ? Optional.of(all.limit(bytes.length - 4)) : Optional.empty();
    }
}
