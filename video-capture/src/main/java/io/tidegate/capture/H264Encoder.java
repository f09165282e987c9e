package io.tidegate.capture;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_GLOBAL_HEADER;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_KEY;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_encoder_by_name;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_packet;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_frame;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_make_writable;

import io.tidegate.core.stream.Payload;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.javacpp.BytePointer;

/** libopenh264 behind FFmpeg, for the synthetic camera. Confined to its owner. */
final class H264Encoder implements AutoCloseable {
    private static final int KEY_FRAME_SECONDS = 2;

    /** Gets the coded picture, between start codes. */
    interface Output {
        void picture(byte[] annexB, boolean keyFrame);
    }

    private final AVCodecContext context;
    private final AVFrame picture;
    private final AVPacket packet;

    private H264Encoder(AVCodecContext context, AVFrame picture, AVPacket packet) {
        this.context = context;
        this.picture = picture;
        this.packet = packet;
    }

    static H264Encoder open(int width, int height, int framesPerSecond) throws SourceException {
        Natives.quiet();
        AVCodec codec = avcodec_find_encoder_by_name("libopenh264");
        if (codec == null || codec.isNull()) {
            throw SourceException.failed(GapCause.CAMERA_UNREACHABLE, "this build of FFmpeg has no libopenh264");
        }
        AVCodecContext context = avcodec_alloc_context3(codec);
        context.width(width).height(height).pix_fmt(AV_PIX_FMT_YUV420P);
        context.time_base().num(1).den(framesPerSecond);
        context.framerate().num(framesPerSecond).den(1);
        context.gop_size(framesPerSecond * KEY_FRAME_SECONDS);
        context.bit_rate((long) width * height * framesPerSecond / 8);
        context.flags(context.flags() | AV_CODEC_FLAG_GLOBAL_HEADER);
        context.thread_count(1);
        AVFrame picture = av_frame_alloc();
        AVPacket packet = av_packet_alloc();
        H264Encoder encoder = new H264Encoder(context, picture, packet);
        int opened = avcodec_open2(context, codec, (AVDictionary) null);
        picture.format(AV_PIX_FMT_YUV420P).width(width).height(height);
        if (opened < 0 || av_frame_get_buffer(picture, 0) < 0 || context.extradata_size() <= 0) {
            encoder.close();
            throw SourceException.failed(
                    GapCause.CAMERA_UNREACHABLE, "libopenh264 does not start: " + Natives.error(opened));
        }
        return encoder;
    }

    Payload avcC() {
        byte[] extradata = new byte[context.extradata_size()];
        context.extradata().get(extradata);
        return NalUnits.ofAnnexB(extradata).toAvcC();
    }

    void encode(Pixels pixels, long pts, Output output) throws SourceException {
        Natives.check(av_frame_make_writable(picture), "a picture buffer");
        copy(pixels.luma, 0, pixels.width, pixels.height);
        copy(pixels.blue, 1, pixels.width / 2, pixels.height / 2);
        copy(pixels.red, 2, pixels.width / 2, pixels.height / 2);
        picture.pts(pts);
        Natives.check(avcodec_send_frame(context, picture), "encoding");
        while (avcodec_receive_packet(context, packet) >= 0) {
            byte[] coded = new byte[packet.size()];
            packet.data().get(coded);
            boolean keyFrame = (packet.flags() & AV_PKT_FLAG_KEY) != 0;
            av_packet_unref(packet);
            output.picture(coded, keyFrame);
        }
    }

    private void copy(byte[] plane, int index, int width, int height) {
        BytePointer target = picture.data(index);
        int stride = picture.linesize(index);
        for (int line = 0; line < height; line++) {
            target.position((long) line * stride).put(plane, line * width, width);
        }
    }

    @Override
    public void close() {
        av_packet_free(packet);
        av_frame_free(picture);
        avcodec_free_context(context);
    }
}
