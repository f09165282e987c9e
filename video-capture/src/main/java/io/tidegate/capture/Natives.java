package io.tidegate.capture;

import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_QUIET;
import static org.bytedeco.ffmpeg.global.avutil.av_log_set_level;
import static org.bytedeco.ffmpeg.global.avutil.av_strerror;

import org.bytedeco.javacpp.BytePointer;

/** What every use of FFmpeg needs. FFmpeg's own log is off: it would print addresses with their passwords. */
final class Natives {
    private Natives() {}

    static void quiet() {
        av_log_set_level(AV_LOG_QUIET);
    }

    static String error(int code) {
        try (BytePointer text = new BytePointer(256)) {
            av_strerror(code, text, 256);
            return text.getString();
        }
    }

    static void check(int code, String what) throws SourceException {
        if (code < 0) {
            throw SourceException.failed(GapCause.CAMERA_ENDED, what + " failed: " + error(code));
        }
    }
}
