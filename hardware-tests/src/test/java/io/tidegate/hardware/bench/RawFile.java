package io.tidegate.hardware.bench;

import io.tidegate.core.stream.NewRecord;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** The least that can be done: the data of a group as one write to the end of a file, and an fsync. */
final class RawFile implements Contender {
    @Override
    public String name() {
        return "raw";
    }

    @Override
    public String configuration() {
        return "one FileChannel.write of the data and one force(false) per commit; no keys, no CRC, no index";
    }

    @Override
    public Cost run(Path directory, List<List<NewRecord>> groups, int warmUp, int measured) throws Exception {
        List<ByteBuffer> writes = new ArrayList<>();
        for (List<NewRecord> group : groups) {
            ByteBuffer bytes = ByteBuffer.allocateDirect(
                    group.stream().mapToInt(record -> record.data().length()).sum());
            group.forEach(record -> bytes.put(record.data().asByteBuffer()));
            writes.add(bytes);
        }
        try (FileChannel file =
                FileChannel.open(directory.resolve("raw"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            Stopwatch watch = Stopwatch.start();
            for (int i = 0; i < warmUp + measured; i++) {
                if (i == warmUp) {
                    watch = Stopwatch.start();
                }
                ByteBuffer bytes = writes.get(i % writes.size());
                bytes.flip();
                while (bytes.hasRemaining()) {
                    file.write(bytes);
                }
                file.force(false);
            }
            return watch.cost((long) measured * groups.get(0).size());
        }
    }
}
