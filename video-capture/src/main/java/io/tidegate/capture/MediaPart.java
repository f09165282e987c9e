package io.tidegate.capture;

import io.tidegate.core.stream.Payload;
import java.util.List;

/**
 * One moof and mdat box pair (ISO/IEC 14496-12, 8.8).
 *
 * <pre>
 * moof{ mfhd  traf{ tfhd(default-base-is-moof)  tfdt(v1)  trun(v1: offset; duration, size, flags, signed cts each) } }  mdat
 * </pre>
 */
final class MediaPart {
    private static final int DEFAULT_BASE_IS_MOOF = 0x02_0000;
    private static final int TRUN_ALL = 0x00_0f01;
    private static final int KEY = 0x0200_0000;
    private static final int NOT_KEY = 0x0101_0000;

    /** A frame with lengths instead of start codes; times in units of 1/90000 s since the start of the run. */
    record Sample(Payload data, long dts90k, long pts90k, boolean keyFrame) {}

    private MediaPart() {}

    /**
     * @param sequence counts the parts of a run, from 1
     * @param endDts90k decode time of the frame that follows the last sample
     */
    static Payload of(int sequence, List<Sample> samples, long endDts90k) {
        int dataBytes = samples.stream().mapToInt(s -> s.data().length()).sum();
        BoxBuffer out = new BoxBuffer(104 + 16 * samples.size() + dataBytes);
        int moof = out.begin("moof");
        int mfhd = out.beginFull("mfhd", 0, 0);
        out.u32(sequence);
        out.end(mfhd);
        int traf = out.begin("traf");
        int tfhd = out.beginFull("tfhd", 0, DEFAULT_BASE_IS_MOOF);
        out.u32(InitSegment.TRACK);
        out.end(tfhd);
        int tfdt = out.beginFull("tfdt", 1, 0);
        out.u64(samples.get(0).dts90k());
        out.end(tfdt);
        int trun = out.beginFull("trun", 1, TRUN_ALL);
        out.u32(samples.size());
        int dataOffset = out.length();
        out.u32(0);
        for (int i = 0; i < samples.size(); i++) {
            Sample sample = samples.get(i);
            long next = i + 1 < samples.size() ? samples.get(i + 1).dts90k() : endDts90k;
            out.u32((int) (next - sample.dts90k())).u32(sample.data().length());
            out.u32(sample.keyFrame() ? KEY : NOT_KEY).u32((int) (sample.pts90k() - sample.dts90k()));
        }
        out.end(trun);
        out.end(traf);
        out.end(moof);
        int mdat = out.begin("mdat");
        out.patch(dataOffset, out.length());
        samples.forEach(sample -> out.bytes(sample.data()));
        out.end(mdat);
        return out.toPayload();
    }
}
