package io.tidegate.capture;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_H264;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_NEW_EXTRADATA;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_PRFT;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_KEY;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_get_side_data;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_get_name;
import static org.bytedeco.ffmpeg.global.avformat.AVSEEK_FLAG_BACKWARD;
import static org.bytedeco.ffmpeg.global.avformat.av_read_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_seek_frame;
import static org.bytedeco.ffmpeg.global.avformat.avformat_alloc_context;
import static org.bytedeco.ffmpeg.global.avformat.avformat_close_input;
import static org.bytedeco.ffmpeg.global.avformat.avformat_find_stream_info;
import static org.bytedeco.ffmpeg.global.avformat.avformat_open_input;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_HTTP_FORBIDDEN;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_HTTP_NOT_FOUND;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_HTTP_UNAUTHORIZED;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_INVALIDDATA;
import static org.bytedeco.ffmpeg.global.avutil.AVMEDIA_TYPE_VIDEO;
import static org.bytedeco.ffmpeg.global.avutil.AV_NOPTS_VALUE;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_free;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_set;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.stream.Payload;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.jspecify.annotations.Nullable;

/**
 * A camera over RTSP (TCP), or a file read at the speed at which it was recorded. FFmpeg only takes packets apart here;
 * nothing is decoded. Only H.264 is recorded, other streams are counted and dropped.
 *
 * <p>Confined to its camera's thread, but for {@link #stop}. The context is never touched from another thread: stopping
 * makes FFmpeg's own question be answered with "give up".
 */
final class DemuxedSource implements FragmentSource {
    private static final Duration OPEN_MAX = Duration.ofSeconds(8);
    private static final Duration PACKET_MAX = Duration.ofSeconds(5);
    private static final Duration GOODBYE_MAX = Duration.ofSeconds(1);
    private static final long TIMESCALE = InitSegment.TIMESCALE;
    private static final long NANOS_PER_MILLI = 1_000_000L;

    private final CameraSettings settings;
    private final Clock clock;
    private final EffectiveClock time;
    private @Nullable NativeDeadline deadline;
    private @Nullable AVFormatContext context;
    private @Nullable AVPacket packet;
    private @Nullable Fragmenter fragmenter;
    private volatile boolean stopped;
    private int video = -1;
    private long baseNumerator;
    private long baseDenominator;
    private int lengthBytes;
    // A file: packets wait here until their time has come.
    private Fragmenter.@Nullable Frame next;
    private long startNanos;
    private long startDts = Fragmenter.NO_TIME;
    private long loopOffset;
    private long lastDts;
    private long frame90k = 3_600;
    private boolean sawFrame;

    DemuxedSource(CameraSettings settings, Clock clock, EffectiveClock time) {
        this.settings = settings;
        this.clock = clock;
        this.time = time;
    }

    @Override
    public void open(Consumer<FragmentMessage> sink) throws SourceException {
        Natives.quiet();
        NativeDeadline limits = NativeDeadline.create(clock);
        deadline = limits;
        fragmenter = new Fragmenter(sink);
        packet = av_packet_alloc();
        AVFormatContext input = avformat_alloc_context();
        limits.guard(input);
        limits.limit(OPEN_MAX);
        if (stopped) {
            limits.stop();
        }
        AVDictionary options = options();
        try {
            String address = settings.isFile() ? "file:" + settings.path() : settings.url();
            int opened = avformat_open_input(input, address, null, options);
            if (opened < 0) {
                // FFmpeg has freed the context; the pointer must not be used again.
                throw failure(opened, "cannot be opened");
            }
            context = input;
            int found = avformat_find_stream_info(input, (AVDictionary) null);
            if (found < 0) {
                throw failure(found, "does not say what it sends");
            }
        } finally {
            av_dict_free(options);
        }
        choose(input, fragmenter);
        startNanos = clock.monotonicNanos();
    }

    private AVDictionary options() {
        AVDictionary options = new AVDictionary(null);
        if (settings.isFile()) {
            av_dict_set(options, "protocol_whitelist", "file", 0);
            return options;
        }
        av_dict_set(options, "protocol_whitelist", "rtsp,rtsps,rtp,tcp,udp,tls", 0);
        av_dict_set(options, "rtsp_transport", "tcp", 0);
        av_dict_set(options, "timeout", "5000000", 0); // microseconds, of the socket
        av_dict_set(options, "analyzeduration", "1000000", 0);
        av_dict_set(options, "probesize", "500000", 0);
        av_dict_set(options, "user_agent", "Tidegate", 0);
        return options;
    }

    /** Everything that is needed of the stream is copied here: each getter later would cost a native call. */
    private void choose(AVFormatContext input, Fragmenter target) throws SourceException {
        String other = "no picture";
        for (int i = 0; i < input.nb_streams(); i++) {
            AVStream stream = input.streams(i);
            if (stream.codecpar().codec_type() != AVMEDIA_TYPE_VIDEO) {
                continue;
            }
            if (stream.codecpar().codec_id() != AV_CODEC_ID_H264) {
                other = avcodec_get_name(stream.codecpar().codec_id()).getString();
                continue;
            }
            int size = stream.codecpar().extradata_size();
            if (size <= 0) {
                throw SourceException.failed(
                        GapCause.FORMAT_CHANGED, settings.shownUrl() + " sends H.264 without parameter sets");
            }
            byte[] extradata = new byte[size];
            stream.codecpar().extradata().get(extradata);
            video = i;
            baseNumerator = stream.time_base().num();
            baseDenominator = stream.time_base().den();
            target.format(format(
                    extradata, stream.codecpar().width(), stream.codecpar().height()));
            return;
        }
        throw SourceException.failed(
                GapCause.FORMAT_CHANGED,
                settings.shownUrl() + " must send H.264, found " + other + "; choose H.264 in the camera's settings");
    }

    private VideoFormat format(byte[] extradata, int width, int height) {
        if (NalUnits.isAnnexB(extradata)) {
            lengthBytes = 0;
            return new VideoFormat(NalUnits.ofAnnexB(extradata).toAvcC(), width, height);
        }
        byte[] avcC = extradata.clone();
        lengthBytes = (avcC[4] & 3) + 1;
        avcC[4] |= 3; // samples are stored with lengths of four bytes
        return new VideoFormat(Payload.wrap(avcC), width, height);
    }

    @Override
    public int read() throws SourceException {
        Fragmenter.Frame waiting = next;
        if (waiting == null) {
            waiting = take();
            if (waiting == null) {
                return 1;
            }
        }
        if (settings.isFile() && !isDue(waiting)) {
            next = waiting;
            return 0;
        }
        next = null;
        Fragmenter.Frame now = waiting.timeFromCamera()
                ? waiting
                : new Fragmenter.Frame(
                        waiting.data(), waiting.dts90k(), waiting.pts90k(), waiting.keyFrame(), millis(), false);
        Objects.requireNonNull(fragmenter).frame(now);
        return 1;
    }

    private long millis() {
        return time.now().millis();
    }

    private boolean isDue(Fragmenter.Frame frame) {
        if (startDts == Fragmenter.NO_TIME) {
            startDts = frame.dts90k();
        }
        long elapsed = (clock.monotonicNanos() - startNanos) / NANOS_PER_MILLI * (TIMESCALE / 1000);
        return frame.dts90k() - startDts <= elapsed;
    }

    /** The next picture; null: something else came. */
    private Fragmenter.@Nullable Frame take() throws SourceException {
        NativeDeadline limits = Objects.requireNonNull(deadline);
        AVPacket target = Objects.requireNonNull(packet);
        limits.limit(PACKET_MAX);
        int result = av_read_frame(Objects.requireNonNull(context), target);
        if (result == AVERROR_EOF && settings.isFile()) {
            atEnd();
            return null;
        }
        if (result < 0) {
            throw failure(result, "sends nothing more");
        }
        try {
            if (target.stream_index() != video || target.size() <= 0) {
                Objects.requireNonNull(fragmenter).drop();
                return null;
            }
            return frame(target);
        } finally {
            av_packet_unref(target);
        }
    }

    private Fragmenter.Frame frame(AVPacket from) {
        byte[] bytes = new byte[from.size()];
        from.data().get(bytes);
        boolean keyFrame = (from.flags() & AV_PKT_FLAG_KEY) != 0;
        boolean annexB = lengthBytes == 0;
        NalUnits units = annexB ? NalUnits.ofAnnexB(bytes) : NalUnits.ofLengths(bytes, lengthBytes);
        if (keyFrame) {
            noticeFormat(from, units);
        }
        long dts = scaled(from.dts());
        long pts = scaled(from.pts());
        if (dts != Fragmenter.NO_TIME) {
            frame90k = sawFrame && dts > lastDts ? Math.min(dts - lastDts, TIMESCALE) : frame90k;
            lastDts = dts;
            sawFrame = true;
        } else if (settings.isFile()) {
            lastDts += frame90k;
            dts = lastDts;
        }
        long cameraMillis = cameraMillis(from);
        return new Fragmenter.Frame(units.toSample(), dts, pts, keyFrame, cameraMillis, cameraMillis > 0);
    }

    /** New parameter sets, beside the packet or in it, start a new run if they differ. */
    private void noticeFormat(AVPacket from, NalUnits units) {
        Fragmenter target = Objects.requireNonNull(fragmenter);
        VideoFormat current = target.format().orElseThrow();
        NalUnits sets = units;
        try (SizeTPointer size = new SizeTPointer(1)) {
            BytePointer side = av_packet_get_side_data(from, AV_PKT_DATA_NEW_EXTRADATA, size);
            if (side != null && !side.isNull()) {
                byte[] extradata = new byte[(int) size.get()];
                side.get(extradata);
                if (NalUnits.isAnnexB(extradata)) {
                    sets = NalUnits.ofAnnexB(extradata);
                }
            }
        }
        if (!sets.hasParameterSets()) {
            return;
        }
        Payload avcC = sets.toAvcC();
        if (!avcC.equals(current.avcC())) {
            AVStream stream = Objects.requireNonNull(context).streams(video);
            target.format(new VideoFormat(
                    avcC, stream.codecpar().width(), stream.codecpar().height()));
        }
    }

    /** The camera's own time of the picture, once it has sent an RTCP sender report; 0: not known. */
    private static long cameraMillis(AVPacket from) {
        try (SizeTPointer size = new SizeTPointer(1)) {
            BytePointer side = av_packet_get_side_data(from, AV_PKT_DATA_PRFT, size);
            // AVProducerReferenceTime: wall clock in microseconds, then flags
            return side == null || side.isNull() || size.get() < 8 ? 0 : side.getLong(0) / 1000;
        }
    }

    private long scaled(long timestamp) {
        if (timestamp == AV_NOPTS_VALUE) {
            return Fragmenter.NO_TIME;
        }
        long whole = timestamp / baseDenominator;
        long rest = timestamp % baseDenominator;
        long scaled = whole * TIMESCALE * baseNumerator + rest * TIMESCALE * baseNumerator / baseDenominator;
        return scaled + loopOffset;
    }

    private void atEnd() throws SourceException {
        if (!settings.loop()) {
            throw SourceException.finished(settings.shownUrl() + " has been recorded to its end");
        }
        if (!sawFrame) {
            throw SourceException.failed(GapCause.CAMERA_ENDED, settings.shownUrl() + " has no frames");
        }
        int result = av_seek_frame(Objects.requireNonNull(context), video, 0, AVSEEK_FLAG_BACKWARD);
        if (result < 0) {
            throw failure(result, "cannot start again");
        }
        // The next pass joins on: its first frame follows the last one by the usual distance.
        loopOffset = lastDts + frame90k - (startDts == Fragmenter.NO_TIME ? 0 : startDts);
    }

    private SourceException failure(int code, String what) {
        NativeDeadline limits = Objects.requireNonNull(deadline);
        String shown = settings.shownUrl();
        if (limits.isStopped()) {
            return SourceException.failed(GapCause.STOPPED, shown + " was closed");
        }
        if (limits.isExpired()) {
            boolean connected = context != null && video >= 0;
            return SourceException.failed(
                    connected ? GapCause.CAMERA_STALLED : GapCause.CAMERA_UNREACHABLE,
                    shown + (connected ? " sent nothing for 5 s" : " did not answer within 8 s"));
        }
        if (code == AVERROR_HTTP_UNAUTHORIZED || code == AVERROR_HTTP_FORBIDDEN) {
            return SourceException.failed(
                    GapCause.CAMERA_UNREACHABLE,
                    shown + " wants other credentials: check user and password in its url");
        }
        if (code == AVERROR_HTTP_NOT_FOUND) {
            return SourceException.failed(
                    GapCause.CAMERA_UNREACHABLE, shown + " does not exist on the camera: check the path");
        }
        if (code == AVERROR_INVALIDDATA && context == null && !settings.isFile()) {
            // FFmpeg's answer to a server that accepts a connection and then says nothing, too.
            return SourceException.failed(
                    GapCause.CAMERA_UNREACHABLE, shown + " does not answer like a camera: check host and port");
        }
        GapCause cause = video >= 0 ? GapCause.CAMERA_ENDED : GapCause.CAMERA_UNREACHABLE;
        return SourceException.failed(cause, shown + " " + what + ": " + Natives.error(code));
    }

    @Override
    public void stop() {
        stopped = true;
        NativeDeadline limits = deadline;
        if (limits != null) {
            limits.stop();
        }
    }

    @Override
    public void close(GapCause cause) {
        if (fragmenter != null) {
            fragmenter.end(cause);
        }
        if (packet != null) {
            av_packet_free(packet);
            packet = null;
        }
        AVFormatContext input = context;
        NativeDeadline limits = deadline;
        context = null;
        deadline = null;
        if (input != null && limits != null) {
            limits.limitGoodbye(GOODBYE_MAX);
            avformat_close_input(input);
        }
        if (limits != null) {
            limits.close();
        }
    }
}
