package io.tidegate.capture;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_H264;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_MJPEG;
import static org.bytedeco.ffmpeg.global.avcodec.AV_INPUT_BUFFER_PADDING_SIZE;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_KEY;
import static org.bytedeco.ffmpeg.global.avcodec.av_new_packet;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_encoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_packet;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_JPEG;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUVJ420P;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_mallocz;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BILINEAR;
import static org.bytedeco.ffmpeg.global.swscale.sws_freeContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_getContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale;

import io.tidegate.core.stream.Payload;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;

/** One coded key frame to a JPEG, by FFmpeg's H.264 decoder, scaler and MJPEG encoder. Stateless. */
final class JpegPicture {
    private JpegPicture() {}

    static Payload of(StoredPicture picture, int widthMax) throws SourceException {
        Natives.quiet();
        AVFrame decoded = av_frame_alloc();
        AVFrame scaled = av_frame_alloc();
        try {
            decode(picture, decoded);
            int width = Math.min(widthMax, decoded.width()) & ~1;
            int height = Math.max(2, (int) ((long) decoded.height() * width / decoded.width()) & ~1);
            scale(decoded, scaled, width, height);
            return encode(scaled);
        } finally {
            av_frame_free(decoded);
            av_frame_free(scaled);
        }
    }

    private static void decode(StoredPicture picture, AVFrame into) throws SourceException {
        AVCodecContext decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
        AVPacket packet = av_packet_alloc();
        try {
            Payload avcC = picture.avcC();
            // The decoder frees it with av_free, so it must come from there.
            BytePointer extradata = new BytePointer(av_mallocz(avcC.length() + (long) AV_INPUT_BUFFER_PADDING_SIZE));
            extradata.put(avcC.toBytes(), 0, avcC.length());
            decoder.extradata(extradata).extradata_size(avcC.length()).thread_count(1);
            Natives.check(
                    avcodec_open2(decoder, avcodec_find_decoder(AV_CODEC_ID_H264), (AVDictionary) null),
                    "the H.264 decoder");
            Payload frame = picture.frame();
            Natives.check(av_new_packet(packet, frame.length()), "a packet");
            packet.data().put(frame.toBytes(), 0, frame.length());
            packet.flags(AV_PKT_FLAG_KEY);
            Natives.check(avcodec_send_packet(decoder, packet), "decoding");
            Natives.check(avcodec_send_packet(decoder, (AVPacket) null), "decoding"); // no more: out with it
            Natives.check(avcodec_receive_frame(decoder, into), "decoding");
        } finally {
            av_packet_free(packet);
            avcodec_free_context(decoder);
        }
    }

    private static void scale(AVFrame from, AVFrame into, int width, int height) throws SourceException {
        into.format(AV_PIX_FMT_YUVJ420P).width(width).height(height).color_range(AVCOL_RANGE_JPEG);
        Natives.check(av_frame_get_buffer(into, 0), "a picture buffer");
        SwsContext scaler = sws_getContext(
                from.width(),
                from.height(),
                from.format(),
                width,
                height,
                AV_PIX_FMT_YUVJ420P,
                SWS_BILINEAR,
                null,
                null,
                (DoublePointer) null);
        if (scaler == null || scaler.isNull()) {
            throw SourceException.failed(GapCause.FORMAT_CHANGED, "this picture format cannot be scaled");
        }
        try {
            Natives.check(
                    sws_scale(scaler, from.data(), from.linesize(), 0, from.height(), into.data(), into.linesize()),
                    "scaling");
        } finally {
            sws_freeContext(scaler);
        }
    }

    private static Payload encode(AVFrame picture) throws SourceException {
        AVCodecContext encoder = avcodec_alloc_context3(avcodec_find_encoder(AV_CODEC_ID_MJPEG));
        AVPacket packet = av_packet_alloc();
        try {
            encoder.width(picture.width()).height(picture.height()).pix_fmt(AV_PIX_FMT_YUVJ420P);
            encoder.color_range(AVCOL_RANGE_JPEG).thread_count(1);
            encoder.time_base().num(1).den(1);
            Natives.check(
                    avcodec_open2(encoder, avcodec_find_encoder(AV_CODEC_ID_MJPEG), (AVDictionary) null),
                    "the JPEG encoder");
            picture.pts(0);
            Natives.check(avcodec_send_frame(encoder, picture), "encoding");
            Natives.check(avcodec_receive_packet(encoder, packet), "encoding");
            byte[] jpeg = new byte[packet.size()];
            packet.data().get(jpeg);
            return Payload.wrap(jpeg);
        } finally {
            av_packet_free(packet);
            avcodec_free_context(encoder);
        }
    }
}
