package io.tidegate.uplink;

/** What a lane does next, or waits for. */
enum LanePhase {
    ASK,
    ASKING,
    SKIP,
    READY,
    PUTTING,
    SEND,
    SENDING,
    COMMITTING,
    COMMIT_AGAIN,
    /** The shard is closed, and all of it is confirmed. */
    ENDED,
    STOPPED;

    /** Holds a unit, and room for it. */
    boolean isSending() {
        return this == PUTTING || this == SEND || this == SENDING;
    }

    boolean isCommitting() {
        return this == COMMITTING || this == COMMIT_AGAIN;
    }

    LanePhase afterFailure() {
        return switch (this) {
            case ASK, ASKING -> ASK;
            case SKIP -> SKIP;
            case READY, PUTTING, SEND, SENDING, COMMITTING, COMMIT_AGAIN, ENDED, STOPPED -> READY;
        };
    }
}
