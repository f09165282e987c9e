package io.tidegate.buffer;

import java.util.ArrayList;
import java.util.List;

/** What a check has found so far, bounded. Confined to one thread. */
final class CheckFindings {
    private static final int FINDINGS_MAX = 1000;

    private final List<LogCheck.Finding> findings = new ArrayList<>();
    private long left;

    /** Something that must not be. */
    void problem(String invariant, String where, String what, String advice) {
        add(new LogCheck.Finding(invariant, where, what, advice, false));
    }

    /** A loss that the log knows of. */
    void accounted(String invariant, String where, String what, String advice) {
        add(new LogCheck.Finding(invariant, where, what, advice, true));
    }

    private void add(LogCheck.Finding finding) {
        if (findings.size() < FINDINGS_MAX) {
            findings.add(finding);
        } else {
            left++;
        }
    }

    List<LogCheck.Finding> all() {
        if (left > 0) {
            findings.add(new LogCheck.Finding(
                    "I2", "the log", left + " more findings are not shown", LogCheck.REPORT_IT, false));
            left = 0;
        }
        return findings;
    }
}
