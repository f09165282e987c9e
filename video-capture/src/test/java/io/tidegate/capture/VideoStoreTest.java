package io.tidegate.capture;

import static io.tidegate.capture.Tools.member;
import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.runtime.StepWorker;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.support.InMemoryLog;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The invariants of docs/design/0003, with fragments that are only random bytes. */
class VideoStoreTest {
    private static final TrackName PRESS = new TrackName("press-3", "main");
    private static final VideoFormat FORMAT =
            new VideoFormat(Payload.wrap(new byte[] {1, 100, 0, 31, -1, -31, 0, 0}), 1280, 720);
    private static final long T0 = 1_790_000_000_000L;

    private final FakeClock clock = new FakeClock(T0);
    private final Random random = new Random(5);
    private InMemoryLog log = InMemoryLog.create(clock);

    @TempDir
    Path home;

    private long media;

    VideoStoreTest() {
        log.admin().create(StreamSettings.of(StreamName.VIDEO));
    }

    private VideoStore store(StreamLog into, Forcer forcer, long bytesMax) throws IOException {
        VideoStoreSettings settings =
                new VideoStoreSettings(home, bytesMax, 0, Duration.ofMinutes(1), 256 << 10, 64 << 10, 1 << 20);
        return VideoStore.openWithoutThread(settings, into, clock, random, forcer);
    }

    private VideoStore store() throws IOException {
        return store(log, Forcer.SYSTEM, 1L << 30);
    }

    private static void work(VideoStore store) throws Exception {
        new StepWorker(store.worker()).runUntilIdle(10_000);
    }

    private static TrackInput started(VideoStore store) {
        TrackInput input = store.input(PRESS);
        input.accept(new FragmentMessage.Init(FORMAT, InitSegment.of(FORMAT)));
        return input;
    }

    /** Two seconds of "video" in parts of up to 30 kB. */
    private FragmentMessage.Fragment fragment(int bytes) {
        List<Payload> parts = new ArrayList<>();
        for (int left = bytes; left > 0; left -= 30_000) {
            byte[] part = new byte[Math.min(left, 30_000)];
            random.nextBytes(part);
            parts.add(Payload.wrap(part));
        }
        FragmentMessage.Fragment made =
                new FragmentMessage.Fragment(parts, T0 + media / 90, false, media, 180_000, 50, true);
        media += 180_000;
        return made;
    }

    private List<String> fragments() {
        return Tools.ofType(Tools.records(log), "fragment");
    }

    private List<String> gaps() {
        return Tools.ofType(Tools.records(log), "gap");
    }

    private static List<String> numbers(List<String> records) {
        return records.stream().map(r -> member(r, "fragment")).toList();
    }

    @Test
    void record_isAppended_onlyAfterTheForcesThatCoverItsBytesAndItsFile() throws Exception {
        PowerCutDisk disk = new PowerCutDisk();
        int[] checked = {0};
        StreamLog watching = watch(log, unit -> unit.records().forEach(record -> {
            String json = record.data().utf8();
            if (json.contains("\"fragmentId\"")) {
                assertThat(disk.survives(member(json, "crc32c"), Integer.parseInt(member(json, "bytes"))))
                        .as("bytes on the device before " + json)
                        .isTrue();
                checked[0]++;
            }
        }));
        VideoStore store = store(watching, disk, 1L << 30);
        TrackInput input = started(store);
        for (int i = 0; i < 6; i++) {
            input.accept(fragment(100_000)); // 256 KiB per file: several files
            work(store);
        }
        store.close();
        assertThat(checked[0]).isEqualTo(6);
        assertThat(Tools.segments(home)).hasSize(3);
        assertThat(disk.unforcedMax).as("a force follows 64 KiB at the latest").isLessThanOrEqualTo(64 << 10);
    }

    @Test
    void tornTail_isCutOff_andTheNextFragmentComesAfterAGap() throws Exception {
        VideoStore store = store();
        TrackInput input = started(store);
        for (int i = 0; i < 3; i++) {
            input.accept(fragment(20_000));
        }
        work(store); // and no close: as after a power cut
        Path segment = Tools.segments(home).get(0);
        long whole = Files.size(segment);
        byte[] torn = SegmentFormat.encode(
                        new SegmentFormat.FragmentFrame(true, false, false, 1, 4, T0, 540_000, 180_000, 50, 20_000, 77))
                .toBytes();
        Files.write(segment, torn, StandardOpenOption.APPEND);
        Files.write(segment, new byte[5_000], StandardOpenOption.APPEND);

        VideoStore again = store();
        assertThat(Files.size(segment)).isEqualTo(whole + SegmentFormat.END_FRAME_BYTES);
        TrackInput inputAgain = started(again);
        inputAgain.accept(fragment(20_000));
        work(again);
        again.close();
        assertThat(numbers(fragments())).containsExactly("1", "2", "3", "4");
        assertThat(fragments().get(3)).contains("\"run\":2").contains("\"discontinuity\":true");
        assertThat(gaps()).singleElement().asString().contains("\"cause\":\"POWER_OR_CRASH\"");
        for (String record : fragments()) {
            Tools.assertServed(again, record);
        }
    }

    @Test
    void fragmentsThatACrashKeptFromBeingRecorded_areRecordedAfterTheRestart_once() throws Exception {
        VideoStore store = store();
        TrackInput input = started(store);
        input.accept(fragment(10_000));
        work(store);
        log.holdCommits();
        input.accept(fragment(10_000));
        input.accept(fragment(10_000));
        work(store);
        log = log.reopen(); // what was held is gone
        assertThat(numbers(fragments())).containsExactly("1");
        for (int start = 0; start < 2; start++) {
            VideoStore again = store();
            work(again);
            again.close();
        }
        assertThat(numbers(fragments())).containsExactly("1", "2", "3");
        assertThat(gaps()).isEmpty();
    }

    @Test
    void damagedFragment_isNotServed_theOthersAre() throws Exception {
        VideoStore store = store();
        TrackInput input = started(store);
        for (int i = 0; i < 3; i++) {
            input.accept(fragment(10_000));
        }
        work(store);
        Path segment = Tools.segments(home).get(0);
        byte[] bytes = Files.readAllBytes(segment);
        bytes[bytes.length - 15_000] ^= 1; // in the middle of the second
        Files.write(segment, bytes);
        assertThat(store.open(new MediaId(member(fragments().get(1), "fragmentId"))))
                .isEmpty();
        Tools.assertServed(store, fragments().get(0));
        Tools.assertServed(store, fragments().get(2));
    }

    @Test
    void overTheLimit_theOldestSegmentsGo_andNumbersAreNeverUsedAgain() throws Exception {
        VideoStore store = store(log, Forcer.SYSTEM, 1 << 20);
        TrackInput input = started(store);
        for (int i = 0; i < 30; i++) {
            input.accept(fragment(100_000));
            work(store);
        }
        assertThat(store.usage().bytes()).isLessThanOrEqualTo(1 << 20);
        assertThat(store.usage().expiredFragments()).isGreaterThanOrEqualTo(20);
        assertThat(store.open(new MediaId(member(fragments().get(0), "fragmentId"))))
                .isEmpty();
        Tools.assertServed(store, fragments().get(29));
        store.close();
        for (Path segment : Tools.segments(home)) {
            Files.delete(segment);
        }
        VideoStore again = store();
        started(again).accept(fragment(1_000));
        work(again);
        assertThat(numbers(fragments())).last().isEqualTo("31");
    }

    /** What is asked for goes at once: the next look at the disk must not ask for it again. */
    @Test
    void reclaim_givesWhatIsAskedForOnce_theOldestFirst_andSaysWhatThereIs() throws Exception {
        VideoStore store = store();
        TrackInput input = started(store);
        for (int i = 0; i < 12; i++) {
            input.accept(fragment(100_000)); // two in a file
            work(store);
        }
        long before = store.usedBytes();
        long given = store.reclaim(150_000);
        assertThat(given).isBetween(150_000L, 300_000L);
        assertThat(store.usedBytes()).isEqualTo(before - given);
        assertThat(store.usage().expiredFragments()).isEqualTo(2);
        work(store);
        input.accept(fragment(100_000));
        work(store);
        assertThat(store.usage().expiredFragments()).isEqualTo(2);
        assertThat(store.open(new MediaId(member(fragments().get(0), "fragmentId"))))
                .isEmpty();
        Tools.assertServed(store, fragments().get(2));
    }

    /** The largest track may have nothing to give but the file that is being written. */
    @Test
    void reclaim_ofATrackWithOneFile_leavesItToTheOthers_andEndsWhenNothingIsLeft() throws Exception {
        VideoStore store = store();
        TrackInput small = started(store);
        for (int i = 0; i < 4; i++) {
            small.accept(fragment(100_000));
            work(store);
        }
        TrackInput large = store.input(new TrackName("yard", "main"));
        large.accept(new FragmentMessage.Init(FORMAT, InitSegment.of(FORMAT)));
        large.accept(fragment(900_000));
        work(store);
        assertThat(store.reclaim(1)).isBetween(200_000L, 300_000L);
        assertThat(store.reclaim(1)).as("both files are being written").isZero();
        assertThat(store.usage().expiredFragments()).isEqualTo(2);
        store.close();
        assertThat(store.reclaim(Long.MAX_VALUE))
                .as("nothing is written any more")
                .isGreaterThan(1_000_000);
        assertThat(store.usedBytes()).isZero();
    }

    @Test
    void reclaim_ofAnEmptyStore_isNothing() throws Exception {
        VideoStore store = store();
        assertThat(store.reclaim(1)).isZero();
        store.input(PRESS);
        assertThat(store.reclaim(1)).isZero();
    }

    /** A file that cannot be removed stays in the index, and whoever asked looks for room elsewhere. */
    @Test
    void reclaim_ofAFileThatCannotBeRemoved_isNothing_andTheFileIsStillServed() throws Exception {
        VideoStore store = store();
        TrackInput input = started(store);
        for (int i = 0; i < 4; i++) {
            input.accept(fragment(100_000));
            work(store);
        }
        long before = store.usedBytes();
        Path oldest = Tools.segments(home).get(0);
        Path aside = Files.move(oldest, home.resolve("aside"));
        Files.createDirectories(oldest.resolve("in-the-way"));
        assertThat(store.reclaim(1)).isZero();
        assertThat(store.usedBytes()).isEqualTo(before);
        Files.delete(oldest.resolve("in-the-way"));
        Files.delete(oldest);
        Files.move(aside, oldest);
        Tools.assertServed(store, fragments().get(0));
        assertThat(store.reclaim(1)).isPositive();
        assertThat(oldest).doesNotExist();
    }

    /** After its home was copied: under the old name the other copy goes on, with the same runs and numbers. */
    @Test
    void storeWithANewName_servesOldFragmentsUnderTheirIds_andGivesOthersToNewOnes() throws Exception {
        VideoStore before = store();
        started(before).accept(fragment(10_000));
        work(before);
        before.close();
        Files.delete(home.resolve("store.id"));

        VideoStore renamed = store();
        Tools.assertServed(renamed, fragments().get(0));
        MediaId newest = renamed.latest(PRESS).orElseThrow();
        assertThat(newest.value()).isEqualTo(member(fragments().get(0), "fragmentId"));
        started(renamed).accept(fragment(10_000));
        work(renamed);
        Tools.assertServed(renamed, fragments().get(1));
        String oldId = member(fragments().get(0), "fragmentId");
        String oldStore = oldId.substring(0, oldId.indexOf('.'));
        String newId = member(fragments().get(1), "fragmentId");
        assertThat(newId).doesNotStartWith(oldStore);
        assertThat(renamed.open(new MediaId(oldStore + newId.substring(oldStore.length()))))
                .as("the other copy's fragment of the same number")
                .isEmpty();
    }

    @Test
    void failedForce_losesThatFragmentLoudly_andRecordingGoesOnInAnotherFile() throws Exception {
        PowerCutDisk disk = new PowerCutDisk();
        VideoStore store = store(log, disk, 1L << 30);
        TrackInput input = started(store);
        input.accept(fragment(10_000));
        work(store);
        disk.failNext = true;
        input.accept(fragment(10_000));
        input.accept(fragment(10_000));
        work(store);
        store.close();
        assertThat(numbers(fragments())).containsExactly("1", "2");
        assertThat(fragments()).extracting(r -> member(r, "run")).containsExactly("1", "2");
        assertThat(gaps()).singleElement().asString().contains("\"cause\":\"IO_ERROR\"");
        assertThat(member(gaps().get(0), "toTime")).isEqualTo(member(fragments().get(1), "producerTime"));
        assertThat(store.usage().ioErrors()).isEqualTo(1);
        log = log.reopen();
        VideoStore again = store();
        work(again);
        assertThat(numbers(fragments())).as("the lost fragment stays lost").containsExactly("1", "2");
    }

    @Test
    void slowDisk_dropsWholeFragments_asAGapWithItsCause() throws Exception {
        VideoStore store = store();
        TrackInput input = started(store);
        for (int i = 0; i < 15; i++) {
            input.accept(fragment(100_000)); // 1 MiB of queue
        }
        work(store);
        input.accept(fragment(100_000));
        work(store);
        assertThat(numbers(fragments())).hasSize(11);
        assertThat(input.overruns()).isEqualTo(5);
        assertThat(gaps()).singleElement().asString().contains("\"cause\":\"WRITER_OVERRUN\"");
        assertThat(member(gaps().get(0), "fromTime")).isEqualTo("2026-09-21T14:13:40.000Z");
    }

    @Test
    void logThatTurnsRecordsAway_getsThemLater_inOrder() throws Exception {
        VideoStore store = store();
        TrackInput input = started(store);
        log.refuse("disk full");
        for (int i = 0; i < 5; i++) {
            input.accept(fragment(10_000));
            work(store);
        }
        assertThat(fragments()).isEmpty();
        log.refuse(null);
        clock.advance(Duration.ofSeconds(2));
        work(store);
        assertThat(numbers(fragments())).containsExactly("1", "2", "3", "4", "5");
    }

    /** The log, and a look at each unit before it is taken. */
    private static StreamLog watch(StreamLog log, Consumer<AppendUnit> before) {
        return (StreamLog) Proxy.newProxyInstance(
                VideoStoreTest.class.getClassLoader(), new Class<?>[] {StreamLog.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("append")) {
                        before.accept((AppendUnit) arguments[0]);
                    }
                    try {
                        return method.invoke(log, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
