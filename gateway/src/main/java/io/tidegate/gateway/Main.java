package io.tidegate.gateway;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;

/** The program. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        int exitCode = run(
                new PrintWriter(System.out, true, StandardCharsets.UTF_8),
                new PrintWriter(System.err, true, StandardCharsets.UTF_8),
                arguments);
        System.exit(exitCode);
    }

    /** Runs one command to its end; returns the exit code. */
    static int run(PrintWriter out, PrintWriter err, String... arguments) {
        CommandLine line = new CommandLine(new TidegateCommand())
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true)
                .setParameterExceptionHandler((e, given) -> {
                    PrintWriter complaint = e.getCommandLine().getErr();
                    complaint.println("tidegate: " + e.getMessage());
                    CommandLine.UnmatchedArgumentException.printSuggestions(e, complaint);
                    complaint.println("'" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help' says more");
                    return ExitCode.USAGE;
                })
                .setExecutionExceptionHandler((e, command, result) -> failed(e, command.getErr()));
        return line.execute(arguments);
    }

    private static int failed(Exception failure, PrintWriter err) {
        if (failure instanceof CommandFailure known) {
            err.println("tidegate: " + known.getMessage());
            return known.exitCode();
        }
        if (failure instanceof ConfigException wrong) {
            err.println(wrong.getMessage());
            return ExitCode.USAGE;
        }
        err.println("tidegate: unexpected: " + failure);
        failure.printStackTrace(err);
        return ExitCode.FAILED;
    }
}
