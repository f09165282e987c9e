package io.tidegate.gateway.demo;

/** A simulated device that sends readings until it is stopped, and keeps its own account of them. */
interface Device extends AutoCloseable {
    /** Its name, which is the partition key of its readings. */
    String name();

    /** {@code mqtt}, {@code mqtt (C)} or {@code coap}. */
    String kind();

    DeviceLedger ledger();

    /** No new readings; those that are not acknowledged go on being sent. */
    void stopTaking();

    /** Every reading taken is acknowledged. */
    boolean isDrained();

    @Override
    void close() throws Exception;
}
