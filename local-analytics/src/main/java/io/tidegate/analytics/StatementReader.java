package io.tidegate.analytics;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.calcite.config.Lex;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlOrderBy;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.parser.SqlParseException;
import org.apache.calcite.sql.parser.SqlParser;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.flink.sql.parser.ddl.table.SqlCreateTable;
import org.apache.flink.sql.parser.dml.RichSqlInsert;
import org.apache.flink.sql.parser.impl.FlinkSqlParserImpl;
import org.apache.flink.sql.parser.validate.FlinkSqlConformance;
import org.jspecify.annotations.Nullable;

/**
 * Reads a rule's text with Flink's own parser and its settings: any number of CREATE TABLE, then one INSERT INTO ...
 * SELECT or one SELECT. Every other statement that Flink knows is refused before anything looks into it.
 */
final class StatementReader {
    private static final SqlParser.Config PARSER = SqlParser.config()
            .withParserFactory(FlinkSqlParserImpl.FACTORY)
            .withConformance(FlinkSqlConformance.DEFAULT)
            .withLex(Lex.JAVA)
            .withIdentifierMaxLength(256);
    private static final Pattern ENCOUNTERED = Pattern.compile("Encountered \"(\\S*?)(?: .*?)?\" at line");
    private static final int EXPECTED_SHOWN_MAX = 8;

    private final SourceText text;
    private final Map<String, TableDeclaration> tables = new HashMap<>();
    private @Nullable SqlSelect select;
    private @Nullable SqlIdentifier target;

    private StatementReader(SourceText text) {
        this.text = text;
    }

    /**
     * What the text holds.
     *
     * @param target null: a plain SELECT
     */
    record Statements(
            Map<String, TableDeclaration> tables,
            SqlSelect select,
            @Nullable SqlIdentifier target) {}

    static Statements read(String sql, SourceText text) {
        StatementReader reader = new StatementReader(text);
        for (SqlNode node : reader.parse(sql)) {
            reader.take(node);
        }
        SqlSelect found = reader.select;
        if (found == null) {
            throw text.error(1, 1, "there is no query: expected INSERT INTO stream SELECT ... FROM stream WHERE ...");
        }
        return new Statements(Map.copyOf(reader.tables), found, reader.target);
    }

    private List<SqlNode> parse(String sql) {
        SqlParser parser = SqlParser.create(sql, PARSER);
        try {
            return new ArrayList<>(parser.parseStmtList().getList());
        } catch (SqlParseException e) {
            if (e.getCause() instanceof StackOverflowError) {
                throw text.error(1, 1, "the text is nested too deeply");
            }
            throw syntaxError(e, parser);
        } catch (StackOverflowError e) {
            throw text.error(1, 1, "the text is nested too deeply");
        }
    }

    private RuleException syntaxError(SqlParseException e, SqlParser parser) {
        SqlParserPos position = e.getPos();
        int line = position == null ? 1 : Math.max(1, position.getLineNum());
        int column = position == null ? 1 : Math.max(1, position.getColumnNum());
        String message = e.getMessage() == null ? "not understood" : e.getMessage();
        Matcher matcher = ENCOUNTERED.matcher(message);
        if (!matcher.find()) {
            return text.error(line, column, hint(message.lines().findFirst().orElse("not understood")));
        }
        String found = matcher.group(1);
        if (found.equals("<EOF>")) {
            return text.error(line, column, "the text ends too early; " + expected(e));
        }
        if (parser.getMetadata().isReservedWord(found.toUpperCase(Locale.ROOT))) {
            return text.error(
                    line,
                    column,
                    "'" + found + "' is a reserved word of Flink SQL; as a name it is written `" + found + "`");
        }
        return text.error(line, column, "'" + found + "' is not expected here; " + expected(e));
    }

    private static String hint(String message) {
        if (message.startsWith("Bang equal")) {
            return "'!=' is not Flink SQL: write <>";
        }
        return message;
    }

    private static String expected(SqlParseException e) {
        Collection<String> names = e.getExpectedTokenNames();
        if (names == null || names.isEmpty()) {
            return "something else is expected";
        }
        List<String> sorted = names.stream()
                .map(StatementReader::readable)
                .filter(name -> !name.isEmpty())
                .distinct()
                .sorted()
                .toList();
        List<String> shown = sorted.subList(0, Math.min(EXPECTED_SHOWN_MAX, sorted.size()));
        return "expected " + String.join(", ", shown) + (shown.size() < sorted.size() ? " or others" : "");
    }

    /** The parser's names of tokens in words; empty for those that tell a person nothing. */
    private static String readable(String token) {
        if (token.contains("IDENTIFIER")) {
            return "a name";
        }
        if (token.contains("NUMERIC_LITERAL") || token.contains("INTEGER_LITERAL")) {
            return "a number";
        }
        if (token.contains("QUOTED_STRING")) {
            return "a string";
        }
        return token.equals("<EOF>") ? "the end" : token.startsWith("<") ? "" : token.replace("\"", "");
    }

    private void take(SqlNode node) {
        if (node instanceof SqlCreateTable table && node.getClass() == SqlCreateTable.class) {
            declare(table);
            return;
        }
        if (select != null) {
            throw text.error(node, "a rule is one query; put the second into a file of its own");
        }
        if (node instanceof RichSqlInsert insert) {
            target = target(insert);
            select = select(insert.getSource());
        } else {
            select = select(node);
        }
    }

    private void declare(SqlCreateTable table) {
        String name = TableDeclaration.tableName(table.getName(), text);
        if (tables.put(name, TableDeclaration.read(table, text)) != null) {
            throw text.error(table, "table '" + name + "' is declared twice");
        }
    }

    private SqlIdentifier target(RichSqlInsert insert) {
        if (insert.isOverwrite() || insert.isUpsert()) {
            throw text.error(insert, "a stream is only appended to: write INSERT INTO");
        }
        if (insert.getTargetColumnList() != null) {
            throw text.error(insert, "a list of columns is not supported: select all columns in their order");
        }
        if (!insert.getStaticPartitions().isEmpty()) {
            throw text.error(insert, "PARTITION is not supported");
        }
        if (!(insert.getTargetTable() instanceof SqlIdentifier name)) {
            throw text.error(insert, "hints on the target are not supported");
        }
        return name;
    }

    private SqlSelect select(SqlNode node) {
        if (node instanceof SqlOrderBy) {
            throw text.error(node, "ORDER BY, LIMIT and OFFSET are not supported: a stream has no end");
        }
        if (!(node instanceof SqlSelect found)) {
            String what = node.getKind().name().replace('_', ' ');
            throw text.error(
                    node,
                    (what.startsWith("OTHER") ? "this statement" : what)
                            + " is not supported; a rule is CREATE TABLE statements"
                            + " and one INSERT INTO ... SELECT ... FROM ... WHERE");
        }
        refuse(found.isDistinct(), found, "SELECT DISTINCT is not supported yet: it needs state per row");
        refuse(
                found.getGroup() != null,
                found,
                "GROUP BY is not supported yet: aggregates need windows, and this version has none");
        refuse(found.getHaving() != null, found, "HAVING is not supported yet: aggregates need windows");
        refuse(!found.getWindowList().isEmpty(), found, "WINDOW is not supported yet");
        refuse(found.getQualify() != null, found, "QUALIFY is not supported");
        refuse(
                found.hasOrderBy() || found.getFetch() != null || found.getOffset() != null,
                found,
                "ORDER BY, LIMIT and OFFSET are not supported: a stream has no end");
        refuse(found.hasHints(), found, "hints are not supported");
        return found;
    }

    private void refuse(boolean wrong, SqlNode node, String message) {
        if (wrong) {
            throw text.error(node, message);
        }
    }
}
