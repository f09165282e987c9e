package io.tidegate.buffer;

import io.tidegate.core.stream.FullPolicy;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.StreamMode;
import io.tidegate.core.stream.StreamPriority;
import io.tidegate.core.stream.TimeQuality;

/** The numbers on disk that stand for words. They never change, in whatever order the words are declared. */
final class Codes {
    private Codes() {}

    static int of(TimeQuality quality) {
        return switch (quality) {
            case SYNCED -> 0;
            case ESTIMATED -> 1;
        };
    }

    static TimeQuality timeQuality(long code) {
        for (TimeQuality quality : TimeQuality.values()) {
            if (of(quality) == code) {
                return quality;
            }
        }
        throw new DamageException("unknown time quality " + code);
    }

    static int of(GapReason reason) {
        return switch (reason) {
            case EXPIRED -> 0;
            case EVICTED -> 1;
            case CORRUPT -> 2;
            case REJECTED -> 3;
            case FILTERED -> 4;
            case UNSYNCED -> 5;
            case RENUMBERED -> 6;
        };
    }

    static GapReason gapReason(int code) {
        for (GapReason reason : GapReason.values()) {
            if (of(reason) == code) {
                return reason;
            }
        }
        throw new DamageException("unknown gap reason " + code);
    }

    static int of(FullPolicy policy) {
        return switch (policy) {
            case DROP_OLDEST -> 0;
            case REJECT -> 1;
        };
    }

    static FullPolicy fullPolicy(long code) {
        return code == 1 ? FullPolicy.REJECT : FullPolicy.DROP_OLDEST;
    }

    static int of(StreamMode mode) {
        return switch (mode) {
            case ON_DEMAND -> 0;
            case PROVISIONED -> 1;
        };
    }

    static StreamMode mode(long code) {
        for (StreamMode mode : StreamMode.values()) {
            if (of(mode) == code) {
                return mode;
            }
        }
        throw new DamageException("a stream of unknown mode " + code);
    }

    static int of(StreamPriority priority) {
        return switch (priority) {
            case BULK -> 1;
            case NORMAL -> 2;
            case IMPORTANT -> 3;
        };
    }

    static StreamPriority priority(long code) {
        for (StreamPriority priority : StreamPriority.values()) {
            if (of(priority) == code) {
                return priority;
            }
        }
        throw new DamageException("a stream of unknown priority " + code);
    }
}
