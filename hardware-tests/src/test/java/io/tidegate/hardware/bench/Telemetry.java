package io.tidegate.hardware.bench;

import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/** What sensors send, made once and sent again and again: JSON of one size, the same words with other numbers. */
final class Telemetry {
    static final StreamName STREAM = new StreamName("bench");
    static final int SHARDS = 4;
    static final int DEVICES = 64;
    /** More than fit into a block, so that no block is compressed with the help of its own repetition. */
    private static final int BYTES = 5 << 18;

    private static final int SAMPLES = 40;

    private final int size;
    private final List<NewRecord> records = new ArrayList<>();

    /**
     * @param size bytes of data per record, at least 150
     */
    Telemetry(int size) {
        this.size = size;
        Random random = new Random(size);
        for (int i = 0; i < BYTES / size; i++) {
            records.add(NewRecord.of(STREAM, key(i), Payload.ofUtf8(reading(i, size, random))));
        }
    }

    private static String key(int number) {
        return "press-" + number % DEVICES + "-line-3";
    }

    private static String reading(int number, int size, Random random) {
        StringBuilder json = new StringBuilder(String.format(
                Locale.ROOT,
                "{\"seq\":%d,\"time\":\"2026-11-24T10:%02d:%02d.%03dZ\",\"state\":\"running\",\"temperature\":%.2f,"
                        + "\"pressure\":%.3f,\"vibration\":[%.4f",
                number,
                number / 3600 % 60,
                number / 60 % 60,
                random.nextInt(1000),
                20 + random.nextGaussian(),
                100 + random.nextGaussian(),
                random.nextGaussian()));
        for (int sample = 1; sample < SAMPLES && json.length() + 10 < size; sample++) {
            json.append(String.format(Locale.ROOT, ",%.4f", random.nextGaussian()));
        }
        json.append("]");
        for (int point = 0; json.length() + 50 < size; point++) {
            json.append(String.format(
                    Locale.ROOT,
                    ",\"bearing-%d\":{\"peak\":%.3f,\"rms\":%.4f}",
                    point,
                    random.nextGaussian(),
                    random.nextDouble()));
        }
        return json.append(" ".repeat(size - 1 - json.length())).append("}").toString();
    }

    int size() {
        return size;
    }

    int count() {
        return records.size();
    }

    NewRecord record(long number) {
        return records.get((int) (number % records.size()));
    }

    /** All records, cut into groups of so many. */
    List<List<NewRecord>> groups(int recordsPerGroup) {
        List<List<NewRecord>> groups = new ArrayList<>();
        for (int from = 0; from + recordsPerGroup <= records.size(); from += recordsPerGroup) {
            groups.add(List.copyOf(records.subList(from, from + recordsPerGroup)));
        }
        return groups;
    }
}
