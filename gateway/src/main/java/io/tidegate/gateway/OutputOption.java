package io.tidegate.gateway;

import picocli.CommandLine.Option;

/** The option that every command has. */
public final class OutputOption {
    @Option(
            names = {"-o", "--output"},
            paramLabel = "table|json",
            description = "How to print: ${COMPLETION-CANDIDATES} (default: table).")
    private OutputFormat format = OutputFormat.TABLE;

    public boolean isJson() {
        return format == OutputFormat.JSON;
    }
}
