package io.tidegate.capture;

import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_QUIET;
import static org.bytedeco.ffmpeg.global.avutil.av_log_set_level;
import static org.bytedeco.ffmpeg.global.avutil.av_strerror;

import java.nio.charset.StandardCharsets;
import org.bytedeco.javacpp.BytePointer;

/** What every use of FFmpeg needs. FFmpeg's own log is off: it would print addresses with their passwords. */
final class Natives {
    private Natives() {}

    static void quiet() {
        av_log_set_level(AV_LOG_QUIET);
    }

    static String error(int code) {
        byte[] text = new byte[256];
        try (BytePointer target = new BytePointer(text.length)) {
            av_strerror(code, target, text.length);
            target.get(text);
        }
        // Only up to the end of the sentence: what follows is whatever lay in memory.
        int length = 0;
        while (length < text.length && text[length] != 0) {
            length++;
        }
        return new String(text, 0, length, StandardCharsets.UTF_8);
    }

    static void check(int code, String what) throws SourceException {
        if (code < 0) {
            throw SourceException.failed(GapCause.CAMERA_ENDED, what + " failed: " + error(code));
        }
    }
}
