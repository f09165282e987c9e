package io.tidegate.gateway.demo;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the account at the end of a demo says.
 *
 * @param expected readings that the devices should have sent by their pace
 * @param missing acknowledged to a device, but not served by the central
 * @param duplicated second copies at the central
 * @param reordered readings that come after a later one of their device
 * @param kinds acknowledged readings by kind of device
 * @param fragmentsMissing fragments of the gateway that the central does not have, or has with another CRC
 * @param drainMillis from the end of the devices to an empty backlog; negative: it was not empty in time
 */
record DemoResult(
        long expected,
        long acknowledged,
        long missing,
        long duplicated,
        long reordered,
        int devices,
        Map<String, Long> kinds,
        int outages,
        long backlogPeak,
        long derived,
        boolean video,
        long fragments,
        long fragmentsMissing,
        long drainMillis) {
    DemoResult {
        kinds = Map.copyOf(kinds);
    }

    /** Each sentence says what is not as promised; none: all is well. */
    List<String> complaints() {
        List<String> complaints = new ArrayList<>();
        complain(missing > 0, missing + " acknowledged readings are missing at the central", complaints);
        complain(duplicated > 0, duplicated + " readings are there twice", complaints);
        complain(reordered > 0, reordered + " readings are out of order", complaints);
        complain(
                acknowledged * 10 < expected * 9,
                acknowledged + " readings were acknowledged, expected at least 90 % of " + expected,
                complaints);
        complain(
                kinds.values().stream().anyMatch(count -> count == 0),
                "a kind of device got nothing through",
                complaints);
        complain(outages == 0, "no outage took part", complaints);
        complain(derived == 0, "the rule wrote nothing that came to the central", complaints);
        complain(video && fragments == 0, "the camera recorded nothing", complaints);
        complain(fragmentsMissing > 0, fragmentsMissing + " fragments are missing or wrong at the central", complaints);
        complain(drainMillis < 0, "the backlog was not empty 30 s after the end", complaints);
        return complaints;
    }

    private static void complain(boolean wrong, String sentence, List<String> complaints) {
        if (wrong) {
            complaints.add(sentence);
        }
    }

    String json() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("ok", complaints().isEmpty());
        fields.put("expected", expected);
        fields.put("acknowledged", acknowledged);
        fields.put("missing", missing);
        fields.put("duplicated", duplicated);
        fields.put("reordered", reordered);
        fields.put("devices", devices);
        fields.put("acknowledgedByKind", new java.util.TreeMap<>(kinds));
        fields.put("outages", outages);
        fields.put("backlogPeak", backlogPeak);
        fields.put("derived", derived);
        fields.put("fragments", fragments);
        fields.put("fragmentsMissing", fragmentsMissing);
        fields.put("drainMillis", drainMillis);
        fields.put("complaints", complaints());
        return JsonMapper.shared().writeValueAsString(fields);
    }

    String text() {
        StringBuilder text = new StringBuilder();
        text.append("acknowledged ")
                .append(acknowledged)
                .append(" of ")
                .append(expected)
                .append(" readings by ");
        text.append(devices)
                .append(" devices ")
                .append(new java.util.TreeMap<>(kinds))
                .append('\n');
        text.append("at the central: missing ")
                .append(missing)
                .append(", duplicated ")
                .append(duplicated);
        text.append(", reordered ")
                .append(reordered)
                .append(", derived by the rule ")
                .append(derived)
                .append('\n');
        text.append("outages ").append(outages).append(", backlog at most ").append(backlogPeak);
        text.append(" records, empty ").append(drainMillis).append(" ms after the end\n");
        text.append("fragments ")
                .append(fragments)
                .append(", missing or wrong ")
                .append(fragmentsMissing)
                .append('\n');
        List<String> complaints = complaints();
        text.append(
                complaints.isEmpty() ? "All is accounted for." : "NOT as promised: " + String.join("; ", complaints));
        return text.toString();
    }
}
