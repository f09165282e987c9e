package io.tidegate.buffer;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.support.ReshardContract;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

class ShardLogContractTest extends ReshardContract {
    @TempDir
    Path home;

    private final List<ShardLog> opened = new ArrayList<>();

    @Override
    protected StreamLog open() {
        ShardLog log = OpenedLogs.open(OpenedLogs.settings(home), new SystemClock());
        opened.add(log);
        return log;
    }

    @AfterEach
    void close() {
        opened.forEach(ShardLog::close);
    }
}
