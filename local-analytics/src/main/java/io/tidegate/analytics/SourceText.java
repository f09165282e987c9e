package io.tidegate.analytics;

import java.nio.file.Path;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.parser.SqlParserPos;

/** The text of a rule, for messages that point into it. */
record SourceText(Path file) {
    RuleException error(SqlNode node, String message) {
        return error(node.getParserPosition(), message);
    }

    RuleException error(SqlParserPos position, String message) {
        return new RuleException(file, position.getLineNum(), position.getColumnNum(), message);
    }

    RuleException error(int line, int column, String message) {
        return new RuleException(file, line, column, message);
    }
}
