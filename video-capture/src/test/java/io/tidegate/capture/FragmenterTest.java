package io.tidegate.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.stream.Payload;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class FragmenterTest {
    private static final VideoFormat FORMAT =
            new VideoFormat(Payload.wrap(new byte[] {1, 66, 0, 30, -1, -31, 0, 0}), 640, 360);
    private static final long NONE = Fragmenter.NO_TIME;

    private final List<FragmentMessage> said = new ArrayList<>();
    private final Fragmenter fragmenter = new Fragmenter(said::add);
    private long millis = 1_000_000;

    FragmenterTest() {
        fragmenter.format(FORMAT);
    }

    private void frame(long dts, boolean keyFrame) {
        fragmenter.frame(new Fragmenter.Frame(Payload.wrap(new byte[100]), dts, dts, keyFrame, millis, false));
        millis += 100;
    }

    private List<FragmentMessage.Fragment> fragments() {
        return said.stream()
                .filter(FragmentMessage.Fragment.class::isInstance)
                .map(FragmentMessage.Fragment.class::cast)
                .toList();
    }

    private List<FragmentMessage> runs() {
        return said.stream()
                .filter(m -> m instanceof FragmentMessage.Init || m instanceof FragmentMessage.Gap)
                .toList();
    }

    @Test
    void fragment_endsAtTheFirstKeyFrameAfterTwoSeconds_andIsMadeOfParts() {
        for (int i = 0; i <= 50; i++) {
            frame(5_000_000 + i * 9_000L, i % 10 == 0); // 10 a second, a key frame every second
        }
        assertThat(fragments()).hasSize(2);
        assertThat(fragments().get(0).frames()).isEqualTo(20);
        assertThat(fragments().get(0).mediaStart90k()).isZero();
        assertThat(fragments().get(1).mediaStart90k()).isEqualTo(180_000);
        assertThat(fragments().get(1).duration90k()).isEqualTo(180_000);
        // 330 ms at 10 a second: four frames a part
        assertThat(fragments().get(0).parts()).hasSize(5);
        assertThat(said.get(0)).isInstanceOf(FragmentMessage.Init.class);
        assertThat(said.get(1)).isInstanceOf(FragmentMessage.Part.class);
    }

    @Test
    void framesBeforeTheFirstKeyFrame_areDroppedAndCounted() {
        frame(0, false);
        frame(9_000, false);
        frame(18_000, true);
        fragmenter.end(GapCause.CAMERA_ENDED);
        assertThat(fragments())
                .singleElement()
                .extracting(FragmentMessage.Fragment::frames)
                .isEqualTo(1);
        assertThat(said).contains(new FragmentMessage.Stats(1, 100, 0, 2));
    }

    @Test
    void firstFrameWithoutTime_isOneFrameBeforeTheFirstThatHas() {
        frame(NONE, true);
        for (int i = 1; i <= 60; i++) {
            frame(90_000_000 + i * 3_600L, i % 50 == 0);
        }
        assertThat(runs()).hasSize(1);
        assertThat(fragments()).singleElement().satisfies(f -> {
            assertThat(f.frames()).isEqualTo(50);
            assertThat(f.duration90k()).isEqualTo(180_000);
        });
    }

    @Test
    void jumpOfTheTimeStamps_endsTheRun() {
        frame(0, true);
        frame(9_000, false);
        frame(9_000 + 11 * 90_000L, true);
        frame(9_000 + 9 * 90_000L, true);
        assertThat(runs())
                .extracting(m -> m.getClass().getSimpleName())
                .containsExactly("Init", "Gap", "Init", "Gap", "Init");
        assertThat(runs()).contains(new FragmentMessage.Gap(GapCause.TIMESTAMP_JUMP));
    }

    @Test
    void smallStepsBack_areReplacedAndCounted() {
        frame(0, true);
        frame(9_000, false);
        frame(8_000, false);
        frame(18_000, false);
        fragmenter.end(GapCause.STOPPED);
        assertThat(fragments())
                .singleElement()
                .extracting(FragmentMessage.Fragment::duration90k)
                .isEqualTo(26_999);
        assertThat(said).contains(new FragmentMessage.Stats(4, 400, 1, 0));
    }

    @Test
    void cameraWhoseTimeStandsStill_isTimedByArrival() {
        for (int i = 0; i < 120; i++) {
            frame(0, i % 10 == 0); // 10 a second by arrival
        }
        assertThat(fragments()).hasSizeGreaterThanOrEqualTo(4);
        assertThat(fragments().get(3).duration90k()).isEqualTo(180_000);
    }

    @Test
    void noKeyFrameForTenSeconds_cutsAnyway() {
        for (int i = 0; i < 250; i++) {
            frame(i * 9_000L, i == 0);
        }
        assertThat(fragments()).hasSize(2);
        assertThat(fragments()).extracting(FragmentMessage.Fragment::keyFrame).containsExactly(true, false);
        assertThat(fragments().get(0).duration90k()).isEqualTo(900_000);
    }

    @Test
    void annexB_becomesLengths_andParameterSetsMoveToTheConfiguration() {
        // High profile, level 3.1: SPS starts 67 64 00 1f ac; ue bits of 0xac: id 0, chroma 1, depths 8 and 8.
        byte[] frame = HexFormat.of()
                .parseHex("0000000109f0" + "0000000167" + "64001fac" + "00000001" + "68ee3c80" + "000001" + "65112233"
                        + "00");
        NalUnits units = NalUnits.ofAnnexB(frame);
        assertThat(units.toSample().toBytes()).isEqualTo(HexFormat.of().parseHex("0000000465112233"));
        assertThat(units.hasParameterSets()).isTrue();
        assertThat(HexFormat.of().formatHex(units.toAvcC().toBytes()))
                .isEqualTo("0164001fff" + "e10005" + "6764001fac" + "010004" + "68ee3c80" + "fdf8f800");
        assertThat(new VideoFormat(units.toAvcC(), 16, 16).codecs()).isEqualTo("avc1.64001f");
    }
}
