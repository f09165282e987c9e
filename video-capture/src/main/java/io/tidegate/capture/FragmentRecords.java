package io.tidegate.capture;

import io.tidegate.capture.SegmentFormat.FragmentFrame;
import io.tidegate.core.stream.EventTimeFrom;
import io.tidegate.core.stream.IsoTime;
import io.tidegate.core.stream.JsonText;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** The records of stream {@code video}: fragments and gaps as JSON. */
final class FragmentRecords {
    private FragmentRecords() {}

    static NewRecord fragment(TrackName track, SegmentFormat.Start start, FragmentFrame frame) {
        TrackName.FragmentId id =
                new TrackName.FragmentId(start.store(), track.directory(), frame.run(), frame.fragment());
        Json json = new Json("fragment", track)
                .text("fragmentId", id.mediaId().value())
                .number("run", frame.run())
                .number("fragment", frame.fragment())
                .text("init", "sha256:" + start.initSha256Hex())
                .text("codecs", start.codecs())
                .number("width", start.width())
                .number("height", start.height())
                .text("producerTime", IsoTime.text(frame.producerTimeMillis()))
                .text("producerTimeFrom", frame.timeFromCamera() ? "camera" : "gateway")
                .text("mediaStart90k", Long.toString(frame.mediaStart90k()))
                .number("duration90k", frame.duration90k())
                .number("frames", frame.frames())
                .number("bytes", frame.bytes())
                .text("crc32c", String.format(Locale.ROOT, "%08x", frame.crc32c()))
                .flag("keyFrame", frame.keyFrame())
                .flag("discontinuity", frame.discontinuity());
        NewRecord record = NewRecord.of(StreamName.VIDEO, track.partitionKey(), json.payload());
        // The number lets the log recognise a fragment that is put again because an answer stayed out.
        return timed(record, frame.producerTimeMillis(), frame.timeFromCamera()).withDeviceNumber(frame.fragment());
    }

    static NewRecord gap(TrackName track, GapCause cause, long fromMillis, long toMillis) {
        Json json = new Json("gap", track)
                .text("fromTime", IsoTime.text(fromMillis))
                .text("toTime", IsoTime.text(toMillis))
                .text("cause", cause.name());
        return timed(NewRecord.of(StreamName.VIDEO, track.partitionKey(), json.payload()), toMillis, false);
    }

    private static NewRecord timed(NewRecord record, long millis, boolean fromCamera) {
        return new NewRecord(
                record.stream(),
                record.partitionKey(),
                null,
                millis,
                fromCamera ? EventTimeFrom.DEVICE : EventTimeFrom.ARRIVAL,
                record.contentType(),
                record.attributes(),
                record.data(),
                null);
    }

    /** Members in the order in which they are given. */
    private static final class Json {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream(512);

        Json(String type, TrackName track) {
            plain("{\"type\":");
            JsonText.quote(type, out);
            text("camera", track.camera());
            text("role", track.role());
        }

        Json text(String name, String value) {
            name(name);
            JsonText.quote(value, out);
            return this;
        }

        Json number(String name, long value) {
            name(name);
            plain(Long.toString(value));
            return this;
        }

        Json flag(String name, boolean value) {
            name(name);
            plain(Boolean.toString(value));
            return this;
        }

        Payload payload() {
            plain("}");
            return Payload.wrap(out.toByteArray());
        }

        private void name(String name) {
            plain(",\"" + name + "\":");
        }

        private void plain(String text) {
            out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
        }
    }
}
