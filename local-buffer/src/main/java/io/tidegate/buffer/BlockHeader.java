package io.tidegate.buffer;

import io.tidegate.core.stream.TimeQuality;

/**
 * What a block says about its commit.
 *
 * @param lsn the number of the commit
 * @param boot which boot of the machine, 63 bits
 * @param poweredOnNanos how long the log has been open in its whole life
 * @param timeMillis effective time
 */
record BlockHeader(long lsn, long epoch, long boot, long poweredOnNanos, long timeMillis, TimeQuality timeQuality) {}
