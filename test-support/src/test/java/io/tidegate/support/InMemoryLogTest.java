package io.tidegate.support;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.StreamLog;

class InMemoryLogTest extends ReshardContract {
    @Override
    protected StreamLog open() {
        return InMemoryLog.create(new FakeClock(1_800_000_000_000L));
    }
}
