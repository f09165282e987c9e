package io.tidegate.buffer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Makes the body of a block without the records of some of its runs; what is left out keeps its place, in a mark that
 * {@link BlockCodec} draws.
 */
final class BodyTrim {
    private final Encoder keyTable = new Encoder();
    private final Encoder setTable = new Encoder();
    private final Encoder records = new Encoder(4096);
    private final Map<Integer, Integer> newKeys = new HashMap<>();
    private final Map<Integer, Integer> newSets = new HashMap<>();
    private final int runCount;
    private int leftOutRun = -1;
    private int leftOut;

    private BodyTrim(int runCount) {
        this.runCount = runCount;
    }

    /** The body of a block with only the runs that are kept; positions and numbers of their records stay what they are. */
    static byte[] keep(List<Run> runs, byte[] body, Predicate<Run> kept) {
        if (body.length == 0) {
            return body;
        }
        return new BodyTrim(runs.size()).trim(runs, new Decoder(body), kept);
    }

    private byte[] trim(List<Run> runs, Decoder in, Predicate<Run> kept) {
        List<String> keys = new ArrayList<>();
        for (int i = in.size(); i > 0; i--) {
            keys.add(in.text());
        }
        List<Encoder> sets = new ArrayList<>();
        for (int i = in.size(); i > 0; i--) {
            sets.add(set(in));
        }
        boolean[] isKept = new boolean[runCount];
        for (int i = 0; i < runCount; i++) {
            isKept[i] = kept.test(runs.get(i));
        }
        while (in.hasMore()) {
            int run = in.int32();
            if (run >= runCount) {
                leaveOut(run - runCount, in.int32());
                continue;
            }
            int key = in.int32();
            int set = in.int32();
            int flags = in.octet();
            Encoder rest = new Encoder(64).octet(flags);
            if ((flags & BlockCodec.HAS_HASH_KEY) != 0) {
                rest.hash(in.hash());
            }
            if ((flags & BlockCodec.HAS_DEVICE_NUMBER) != 0) {
                rest.signed(in.signed());
            }
            if ((flags & BlockCodec.HAS_EVENT_TIME) != 0) {
                rest.signed(in.signed());
            }
            rest.payload(in.payload());
            if (isKept[run]) {
                flush();
                records.unsigned(run)
                        .unsigned(key(keys, key))
                        .unsigned(set(sets, set))
                        .append(rest);
            } else {
                leaveOut(run, 1);
            }
        }
        flush();
        return new Encoder(keyTable.length() + setTable.length() + records.length() + 20)
                .unsigned(newKeys.size())
                .append(keyTable)
                .unsigned(newSets.size())
                .append(setTable)
                .append(records)
                .toBytes();
    }

    private static Encoder set(Decoder in) {
        Encoder out = new Encoder().text(in.text());
        int count = in.size();
        out.unsigned(count);
        for (int i = 0; i < 2 * count; i++) {
            out.text(in.text());
        }
        return out;
    }

    private int key(List<String> keys, int old) {
        return newKeys.computeIfAbsent(BlockCodec.at(old, keys.size()), none -> {
            keyTable.text(keys.get(old));
            return newKeys.size();
        });
    }

    private int set(List<Encoder> sets, int old) {
        return newSets.computeIfAbsent(BlockCodec.at(old, sets.size()), none -> {
            setTable.append(sets.get(old));
            return newSets.size();
        });
    }

    private void leaveOut(int run, int count) {
        if (run != leftOutRun) {
            flush();
            leftOutRun = run;
        }
        leftOut += count;
    }

    private void flush() {
        if (leftOut > 0) {
            records.unsigned(runCount + leftOutRun).unsigned(leftOut);
        }
        leftOutRun = -1;
        leftOut = 0;
    }
}
