package io.tidegate.analytics;

/** This row cannot be evaluated; the rule counts it and goes on with the next. */
final class RowRejected extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final RowFault fault;

    RowRejected(RowFault fault, String detail) {
        // Without a stack trace: a sensor that changed its format must not cost a hundred times its share.
        super(detail, null, false, false);
        this.fault = fault;
    }

    RowFault fault() {
        return fault;
    }
}
