package io.tidegate.gateway;

import io.tidegate.buffer.LogEncryption;
import io.tidegate.buffer.LogExport;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tidegate log export}: what a log holds, as lines of JSON. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        description = "Writes what a log holds, one line of JSON per record or gap, without changing anything.",
        footer = {
            "",
            "Works beside a running gateway: the log as it is when the export begins. Data stands in a line byte for byte",
            "as it is stored. What is damaged or gone is a line with a gap in its place.",
            "Example: tidegate log export --stream telemetry --from 5001 --limit 100 --file readings.ndjson"
        })
final class LogExportCommand implements Callable<Integer> {
    @Mixin
    private HomeOption home = new HomeOption();

    @Mixin
    private KeyOption key = new KeyOption();

    @Mixin
    private OutputOption output = new OutputOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--stream",
            paramLabel = "STREAM",
            description = "Only this stream; may be repeated (default: all).")
    private List<String> streams = List.of();

    @Option(names = "--shard", paramLabel = "ID", description = "Only this shard, such as shardId-000000000000.")
    private @Nullable String shard;

    @Option(names = "--from", paramLabel = "N", description = "The first sequence number (default: what is retained).")
    private long from;

    @Option(names = "--to", paramLabel = "N", description = "Stop before this sequence number.")
    private long to = Long.MAX_VALUE;

    @Option(names = "--limit", paramLabel = "N", description = "At most so many records.")
    private long limit = Long.MAX_VALUE;

    @Option(names = "--file", paramLabel = "FILE", description = "Write into a new file, not to the standard output.")
    private @Nullable Path file;

    @Override
    public Integer call() {
        LogExport.Selection selection = selection();
        PrintWriter out = spec.commandLine().getOut();
        Path target = file;
        if (target == null) {
            export(selection, new PrintedLines(out));
            out.flush();
            return ExitCode.OK;
        }
        LogExport.Written written;
        try (OutputStream stream =
                new BufferedOutputStream(Files.newOutputStream(target, StandardOpenOption.CREATE_NEW))) {
            written = export(selection, stream);
        } catch (IOException e) {
            throw CommandFailure.failed(target + " could not be written: " + e);
        }
        if (output.isJson()) {
            out.printf("{\"records\":%d,\"gaps\":%d}%n", written.records(), written.gaps());
        } else {
            out.printf("%d records and %d gaps written to %s%n", written.records(), written.gaps(), target);
        }
        return ExitCode.OK;
    }

    private LogExport.Selection selection() {
        try {
            Set<StreamName> names = streams.stream().map(StreamName::new).collect(Collectors.toUnmodifiableSet());
            int number = shard == null
                    ? -1
                    : ShardId.parse(StreamName.TELEMETRY, shard).number();
            return new LogExport.Selection(names, number, from, to, limit);
        } catch (IllegalArgumentException e) {
            throw CommandFailure.usage(String.valueOf(e.getMessage()));
        }
    }

    private LogExport.Written export(LogExport.Selection selection, OutputStream stream) {
        Path directory = LogCommand.directory(home);
        try (LogEncryption encryption = key.open()) {
            return LogExport.run(directory, encryption, selection, stream);
        } catch (StreamLogException e) {
            throw LogCommand.failure(e);
        } catch (UncheckedIOException e) {
            throw CommandFailure.failed("the export could not be written: " + e.getCause());
        }
    }

    /** Passes whole lines on to the command's writer, which knows the encoding of the terminal. */
    private static final class PrintedLines extends OutputStream {
        private final PrintWriter out;
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();

        PrintedLines(PrintWriter out) {
            this.out = out;
        }

        @Override
        public void write(int octet) throws IOException {
            line.write(octet);
            if (octet == '\n') {
                out.print(line.toString(StandardCharsets.UTF_8));
                line.reset();
                if (out.checkError()) {
                    throw new IOException("nobody reads it any more");
                }
            }
        }
    }
}
