package io.tidegate.gateway;

import io.tidegate.buffer.LogCheck;
import io.tidegate.buffer.LogEncryption;
import io.tidegate.buffer.LogStatistics;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.StreamLogException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code tidegate log}: works on the files of a log. */
@Command(
        name = "log",
        mixinStandardHelpOptions = true,
        description = "Works on the files of a log.",
        subcommands = {LogExportCommand.class, LogSalvageCommand.class})
final class LogCommand {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Command(
            name = "check",
            mixinStandardHelpOptions = true,
            description = "Verifies every block and the log's invariants, without changing anything.",
            footer = {
                "",
                "Works beside a running gateway. What is damaged but told to readers and counted is noted, and no",
                "error. Of an encrypted log without its key, checksums, the order of commits and the indexes are verified.",
                "Exit codes: 0 sound, 1 something is wrong, 2 there is no log."
            })
    int check(@Mixin HomeOption home, @Mixin KeyOption key, @Mixin OutputOption output) {
        LogCheck.Report report = report(directory(home), key);
        PrintWriter out = spec.commandLine().getOut();
        if (output.isJson()) {
            out.println(json(report));
        } else {
            out.printf("%d segments, %d blocks, %d records%n", report.segments(), report.blocks(), report.records());
            report.ledgers().stream()
                    .filter(ledger -> ledger.appended() > 0)
                    .forEach(ledger -> out.println(text(ledger)));
            report.findings().forEach(each -> out.println(text(each)));
            report.notDecrypted()
                    .forEach((id, segments) -> out.println("NOTE     " + segments
                            + " segments are encrypted with key " + id
                            + ": of this log only checksums, the order of commits and the"
                            + " indexes were verified, not what commits hold" + System.lineSeparator()
                            + "         to do: name the key's file with --key FILE to verify the rest"));
            out.println(verdict(report));
        }
        return report.isSound() ? ExitCode.OK : ExitCode.FAILED;
    }

    @Command(
            name = "stats",
            mixinStandardHelpOptions = true,
            description = "Shows what a log holds, per stream and shard, without changing anything.",
            footer = {
                "",
                "Works beside a running gateway. Exit codes: 0 shown, 2 there is no log, or a key of it is",
                "missing."
            })
    int stats(@Mixin HomeOption home, @Mixin KeyOption key, @Mixin OutputOption output) {
        Path directory = directory(home);
        LogStatistics.Report report;
        try (LogEncryption encryption = key.open()) {
            report = LogStatistics.of(directory, encryption);
        } catch (StreamLogException e) {
            throw failure(e);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (output.isJson()) {
            out.println(LogStatsView.json(report));
        } else {
            LogStatsView.print(report, out);
        }
        return ExitCode.OK;
    }

    /** The directory of the log; a failure if there is none. */
    static Path directory(HomeOption home) {
        Path directory = home.path().resolve("log");
        if (!Files.isDirectory(directory)) {
            throw CommandFailure.usage("there is no log in " + home.path() + "; name a gateway's home with --home DIR");
        }
        return directory;
    }

    static CommandFailure failure(StreamLogException e) {
        if (e.category() == StreamLogException.Category.REJECT) {
            return CommandFailure.usage(String.valueOf(e.getMessage()));
        }
        return CommandFailure.failed(
                e.getMessage() + "; this user must be allowed to read it, and to write to its home");
    }

    private static LogCheck.Report report(Path directory, KeyOption key) {
        try (LogEncryption encryption = key.open()) {
            return LogCheck.run(directory, encryption);
        } catch (StreamLogException e) {
            throw failure(e);
        }
    }

    private static String text(LogCheck.Finding finding) {
        return (finding.accounted() ? "NOTE     " : "PROBLEM  ") + finding.where() + ": " + finding.what()
                + System.lineSeparator() + "         to do: " + finding.advice() + " (" + finding.invariant() + ")";
    }

    private static String verdict(LogCheck.Report report) {
        long problems = report.findings().stream()
                .filter(finding -> !finding.accounted())
                .count();
        if (problems > 0) {
            return problems == 1 ? "1 problem" : problems + " problems";
        }
        if (!report.notDecrypted().isEmpty()) {
            return "sound, as far as can be seen without the key";
        }
        return report.findings().isEmpty() ? "sound" : "sound, but for losses that are told and counted";
    }

    private static String text(LossLedger ledger) {
        return ledger.shard() + ": appended " + ledger.appended() + " = retained " + ledger.retained() + " + expired "
                + ledger.expired() + " + evicted " + ledger.evicted() + " + corrupt " + ledger.corrupt();
    }

    private static ObjectNode json(LogCheck.Report report) {
        ObjectNode answer = JsonMapper.shared().createObjectNode();
        answer.put("sound", report.isSound())
                .put("segments", report.segments())
                .put("blocks", report.blocks())
                .put("records", report.records());
        ArrayNode ledgers = answer.putArray("ledgers");
        report.ledgers().forEach(ledger -> ledgers.addObject()
                .put("shard", ledger.shard().toString())
                .put("appended", ledger.appended())
                .put("retained", ledger.retained())
                .put("expired", ledger.expired())
                .put("evicted", ledger.evicted())
                .put("corrupt", ledger.corrupt()));
        ObjectNode notDecrypted = answer.putObject("notDecrypted");
        report.notDecrypted().forEach(notDecrypted::put);
        ArrayNode findings = answer.putArray("findings");
        report.findings().forEach(each -> findings.addObject()
                .put("invariant", each.invariant())
                .put("where", each.where())
                .put("what", each.what())
                .put("advice", each.advice())
                .put("accounted", each.accounted()));
        return answer;
    }
}
