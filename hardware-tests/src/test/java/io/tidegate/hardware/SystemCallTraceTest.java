package io.tidegate.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Lines as strace 6.1 writes them with {@code -f -yy -xx}; the file is {@code /a.seg-wal}, the marker {@code AB}. */
class SystemCallTraceTest {
    private static final String WAL = "<\\x2f\\x61\\x2e\\x73\\x65\\x67\\x2d\\x77\\x61\\x6c>";
    private static final byte[] MARKER = "AB".getBytes(StandardCharsets.US_ASCII);

    @Test
    void callsInOnePiece_areFound() {
        SystemCallTrace trace = SystemCallTrace.of(List.of(
                "7 pwrite64(9" + WAL + ", \"\\x41\\x42\", 2, 0) = 2",
                "7 fdatasync(9" + WAL + ") = 0",
                "8 sendto(4<TCP:[127.0.0.1:1->127.0.0.1:2]>, \"\\x43\", 1, 0, NULL, 0) = 1"));

        assertThat(trace.recordWritten(MARKER)).hasValue(0);
        assertThat(trace.syncedAfter(0)).hasValue(1);
        assertThat(trace.sent(Pattern.compile("43"), 0)).hasValue(2);
    }

    @Test
    void aCallInTwoPieces_beginsAtTheFirstAndIsDoneAtTheSecond() {
        SystemCallTrace trace = SystemCallTrace.of(List.of(
                "7 pwrite64(9" + WAL + ", \"\\x41\\x42\", 2, 0 <unfinished ...>",
                "8 write(1<pipe:[5]>, \"\\x43\", 1) = 1",
                "7 <... pwrite64 resumed>) = 2",
                "7 fdatasync(9" + WAL + " <unfinished ...>",
                "8 write(1<pipe:[5]>, \"\\x43\", 1) = 1",
                "7 <... fdatasync resumed>) = 0"));

        assertThat(trace.recordWritten(MARKER)).hasValue(2);
        assertThat(trace.syncedAfter(2)).hasValue(5);
    }

    @Test
    void aSyncThatBeganBeforeTheWriteOrIsOfAnotherFile_doesNotCount() {
        SystemCallTrace trace = SystemCallTrace.of(List.of(
                "8 fdatasync(9" + WAL + " <unfinished ...>",
                "7 pwrite64(9" + WAL + ", \"\\x41\\x42\", 2, 0) = 2",
                "8 <... fdatasync resumed>) = 0",
                "7 fdatasync(10<\\x2f\\x62>) = 0"));

        assertThat(trace.syncedAfter(1)).isEmpty();
    }
}
