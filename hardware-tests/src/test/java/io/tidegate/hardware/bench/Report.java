package io.tidegate.hardware.bench;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** The figures that an aim is set for, met or not, and their line of JSON. */
final class Report {
    private enum Side {
        AT_LEAST,
        AT_MOST,
        REPORTED
    }

    private record Target(Side side, double value, String what) {}

    private final Map<String, Target> targets = new LinkedHashMap<>();
    private final Map<String, Series> measured = new LinkedHashMap<>();
    private final Map<String, String> notes = new LinkedHashMap<>();

    void atLeast(String key, double target, String what) {
        targets.put(key, new Target(Side.AT_LEAST, target, what));
    }

    void atMost(String key, double target, String what) {
        targets.put(key, new Target(Side.AT_MOST, target, what));
    }

    void reported(String key, String what) {
        targets.put(key, new Target(Side.REPORTED, Double.NaN, what));
    }

    Series series(String key) {
        if (!targets.containsKey(key)) {
            throw new IllegalArgumentException("no figure '" + key + "'");
        }
        return measured.computeIfAbsent(key, none -> new Series());
    }

    void set(String key, Series series) {
        series(key);
        measured.put(key, series);
    }

    void note(String key, String note) {
        notes.put(key, note);
    }

    private boolean isMet(String key, Target target) {
        if (series(key).isEmpty() || notes.containsKey(key)) {
            return false;
        }
        double value = series(key).median();
        return switch (target.side()) {
            case AT_LEAST -> value >= target.value();
            case AT_MOST -> value <= target.value();
            case REPORTED -> true;
        };
    }

    void print(PrintStream out, String bench) {
        out.printf("%n%-26s %-34s %-11s %s%n", "figure", "median (least to most)", "target", "");
        targets.forEach((key, target) -> out.printf(
                "%-26s %-34s %-11s %-7s %s%s%n",
                key,
                series(key),
                target(target),
                target.side() == Side.REPORTED ? "" : isMet(key, target) ? "met" : "MISSED",
                target.what(),
                notes.containsKey(key) ? "; " + notes.get(key) : ""));
        StringBuilder json = new StringBuilder("{\"bench\":\"" + bench + "\",\"targets\":{");
        String separator = "";
        for (Map.Entry<String, Target> entry : targets.entrySet()) {
            json.append(separator).append(json(entry.getKey(), entry.getValue()));
            separator = ",";
        }
        out.println();
        out.println(json.append("}}"));
    }

    private String json(String key, Target target) {
        Series series = series(key);
        return String.format(
                Locale.ROOT,
                "\"%s\":{\"value\":%s,\"target\":%s,\"met\":%s}",
                key,
                series.isEmpty() ? "null" : String.format(Locale.ROOT, "%.3f", series.median()),
                target.side() == Side.REPORTED
                        ? "null"
                        : Series.number(target.value()).replace(",", ""),
                target.side() == Side.REPORTED ? "null" : isMet(key, target));
    }

    private static String target(Target target) {
        return switch (target.side()) {
            case AT_LEAST -> ">= " + Series.number(target.value());
            case AT_MOST -> "<= " + Series.number(target.value());
            case REPORTED -> "";
        };
    }
}
