package io.tidegate.hardware;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What {@code strace -f -yy -xx} wrote, as a list of calls in the order of their completion lines. A call that was
 * interrupted by another thread's counts as begun where it is "unfinished" and as done where it is "resumed".
 */
final class SystemCallTrace {
    /** One call: the line where it began, the line where it was done, its file or socket, and its bytes in hex. */
    record Call(String name, int begun, int done, String target, String hex) {
        boolean carries(byte[] bytes) {
            return hex.contains(HexFormat.of().formatHex(bytes));
        }
    }

    /** What a process under trace is started with; only the traced calls are stopped, so it stays fast. */
    static List<String> prefix(Path output) {
        return List.of(
                "strace",
                "-f",
                "--seccomp-bpf",
                "-yy",
                "-xx",
                "-s",
                "70000",
                "-e",
                "trace=fsync,fdatasync,write,writev,pwrite64,sendto,sendmsg",
                "-o",
                output.toString());
    }

    /** The file ends before a comma, a bracket, or the space of {@code <unfinished ...>}. */
    private static final Pattern BEGIN =
            Pattern.compile("^(\\d+)\\s+(\\w+)\\(\\d+(?:<(.*?)>(?=[,) ]))?(.*)$", Pattern.DOTALL);

    private static final Pattern RESUMED = Pattern.compile("^(\\d+)\\s+<\\.\\.\\. (\\w+) resumed>.*$");
    private static final Pattern BYTE = Pattern.compile("\\\\x([0-9a-f]{2})");

    private final List<Call> calls;

    private SystemCallTrace(List<Call> calls) {
        this.calls = calls;
    }

    static SystemCallTrace read(Path output) throws IOException {
        return of(Files.readAllLines(output, StandardCharsets.ISO_8859_1));
    }

    static SystemCallTrace of(List<String> lines) {
        List<Call> calls = new ArrayList<>();
        Map<String, Call> open = new HashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            Matcher resumed = RESUMED.matcher(line);
            if (resumed.matches()) {
                Call begun = open.remove(resumed.group(1));
                if (begun != null) {
                    calls.add(new Call(begun.name(), begun.begun(), i, begun.target(), begun.hex()));
                }
                continue;
            }
            Matcher begin = BEGIN.matcher(line);
            if (begin.matches()) {
                String target = begin.group(3) == null ? "" : begin.group(3);
                Call call = new Call(begin.group(2), i, i, decode(target), hex(begin.group(4)));
                if (line.endsWith("<unfinished ...>")) {
                    open.put(begin.group(1), call);
                } else {
                    calls.add(call);
                }
            }
        }
        return new SystemCallTrace(calls);
    }

    /** With -xx strace writes paths in hex too. */
    private static String decode(String target) {
        Matcher matcher = BYTE.matcher(target);
        return matcher.replaceAll(
                found -> Matcher.quoteReplacement(String.valueOf((char) Integer.parseInt(found.group(1), 16))));
    }

    private static String hex(String arguments) {
        StringBuilder hex = new StringBuilder();
        Matcher matcher = BYTE.matcher(arguments);
        while (matcher.find()) {
            hex.append(matcher.group(1));
        }
        return hex.toString();
    }

    /** The first write to a segment's write-ahead log that carries these bytes. */
    OptionalInt recordWritten(byte[] marker) {
        return calls.stream()
                .filter(call -> call.target().endsWith(".seg-wal") && call.carries(marker))
                .mapToInt(Call::done)
                .min();
    }

    /** The completion of the first sync of a write-ahead log that began after a line. */
    OptionalInt syncedAfter(int line) {
        return calls.stream()
                .filter(call -> call.name().equals("fsync") || call.name().equals("fdatasync"))
                .filter(call -> call.target().endsWith(".seg-wal") && call.begun() > line)
                .mapToInt(Call::done)
                .min();
    }

    /** The first write to a socket, after a line, whose bytes in hex contain a match. */
    OptionalInt sent(Pattern hex, int afterLine) {
        return calls.stream()
                .filter(call -> call.target().startsWith("TCP") || call.target().startsWith("UDP"))
                .filter(call ->
                        call.begun() > afterLine && hex.matcher(call.hex()).find())
                .mapToInt(Call::begun)
                .min();
    }
}
