package io.tidegate.capture;

import io.tidegate.core.stream.Payload;

/**
 * The ftyp and moov boxes of a fragmented MP4 file with one H.264 track (ISO/IEC 14496-12 and -15).
 *
 * <pre>
 * ftyp  moov{ mvhd  trak{ tkhd  mdia{ mdhd hdlr minf{ vmhd dinf{dref{url}} stbl{ stsd{avc1{avcC}} stts stsc stsz stco }}}}
 *             mvex{ trex } }
 * </pre>
 */
final class InitSegment {
    static final int TRACK = 1;
    static final int TIMESCALE = 90_000;
    private static final int MATRIX_ONE = 0x0001_0000;

    private InitSegment() {}

    static Payload of(VideoFormat format) {
        BoxBuffer out = new BoxBuffer(1024);
        int ftyp = out.begin("ftyp");
        out.ascii("iso6").u32(0).ascii("iso6").ascii("mp41").ascii("cmfc");
        out.end(ftyp);
        int moov = out.begin("moov");
        movieHeader(out);
        track(out, format);
        int mvex = out.begin("mvex");
        int trex = out.beginFull("trex", 0, 0);
        out.u32(TRACK).u32(1).zeros(12);
        out.end(trex);
        out.end(mvex);
        out.end(moov);
        return out.toPayload();
    }

    private static void movieHeader(BoxBuffer out) {
        int mvhd = out.beginFull("mvhd", 0, 0);
        out.zeros(8).u32(TIMESCALE).u32(0); // created, modified, timescale, duration: not known
        out.u32(MATRIX_ONE).u16(0x0100).zeros(10); // rate 1.0, volume 1.0
        matrix(out);
        out.zeros(24).u32(TRACK + 1);
        out.end(mvhd);
    }

    private static void matrix(BoxBuffer out) {
        out.u32(MATRIX_ONE).zeros(12).u32(MATRIX_ONE).zeros(12).u32(0x4000_0000);
    }

    private static void track(BoxBuffer out, VideoFormat format) {
        int trak = out.begin("trak");
        int tkhd = out.beginFull("tkhd", 0, 3); // enabled, in movie
        out.zeros(8).u32(TRACK).zeros(8).zeros(16);
        matrix(out);
        out.u32(format.width() << 16).u32(format.height() << 16);
        out.end(tkhd);
        int mdia = out.begin("mdia");
        int mdhd = out.beginFull("mdhd", 0, 0);
        out.zeros(8).u32(TIMESCALE).u32(0).u16(0x55c4).u16(0); // language: und
        out.end(mdhd);
        int hdlr = out.beginFull("hdlr", 0, 0);
        out.u32(0).ascii("vide").zeros(12).ascii("camera").u8(0);
        out.end(hdlr);
        int minf = out.begin("minf");
        int vmhd = out.beginFull("vmhd", 0, 1);
        out.zeros(8);
        out.end(vmhd);
        int dinf = out.begin("dinf");
        int dref = out.beginFull("dref", 0, 0);
        out.u32(1);
        out.end(out.beginFull("url ", 0, 1)); // in this file
        out.end(dref);
        out.end(dinf);
        sampleTable(out, format);
        out.end(minf);
        out.end(mdia);
        out.end(trak);
    }

    private static void sampleTable(BoxBuffer out, VideoFormat format) {
        int stbl = out.begin("stbl");
        int stsd = out.beginFull("stsd", 0, 0);
        out.u32(1);
        int avc1 = out.begin("avc1");
        out.zeros(6).u16(1).zeros(16); // data reference 1
        out.u16(format.width()).u16(format.height());
        out.u32(0x0048_0000).u32(0x0048_0000).u32(0).u16(1); // 72 dpi, one frame per sample
        out.zeros(32).u16(0x0018).u16(0xffff); // no compressor name, depth 24, no colour table
        int avcC = out.begin("avcC");
        out.bytes(format.avcC());
        out.end(avcC);
        out.end(avc1);
        out.end(stsd);
        for (String empty : new String[] {"stts", "stsc"}) {
            int box = out.beginFull(empty, 0, 0);
            out.u32(0);
            out.end(box);
        }
        int stsz = out.beginFull("stsz", 0, 0);
        out.u32(0).u32(0);
        out.end(stsz);
        int stco = out.beginFull("stco", 0, 0);
        out.u32(0);
        out.end(stco);
        out.end(stbl);
    }
}
