package io.tidegate.analytics;

import io.tidegate.core.stream.StreamName;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.calcite.sql.SqlBasicCall;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlSelect;
import org.jspecify.annotations.Nullable;

/** Resolves the names and types of a parsed rule and compiles it. Confined to the compilation. */
final class PlanBuilder {
    private final SourceText text;
    private final RuleSettings settings;
    private final StatementReader.Statements statements;

    private PlanBuilder(SourceText text, RuleSettings settings, StatementReader.Statements statements) {
        this.text = text;
        this.settings = settings;
        this.statements = statements;
    }

    static Plan build(String sql, RuleSettings settings, SourceText text) {
        return new PlanBuilder(text, settings, StatementReader.read(sql, text)).plan();
    }

    private Plan plan() {
        SqlSelect select = statements.select();
        SqlNode from = select.getFrom();
        if (from == null) {
            throw text.error(select, "FROM is missing: name the stream to read");
        }
        SqlIdentifier table = table(from);
        String tableName = TableDeclaration.tableName(table, text);
        TableDeclaration declared = statements.tables().get(tableName);
        if (declared != null && !declared.keyFields().isEmpty()) {
            throw text.error(table, "'key.fields' belongs to the table that is written, not to the one that is read");
        }
        StreamName source = declared == null ? stream(table, tableName) : declared.stream();
        Scope scope = new Scope(text, alias(from, tableName), declared);
        ExpressionCompiler expressions = new ExpressionCompiler(scope, text);
        SqlNode where = select.getWhere();
        Expression filter = where == null ? null : expressions.condition(where);
        TableDeclaration sink = sink();
        List<OutputColumn> columns = columns(select, scope, expressions);
        if (sink != null) {
            columns = fitted(select, columns, sink);
        }
        StreamName target = target(select, sink);
        if (target.equals(source)) {
            throw text.error(select, "the rule would read what it writes: '" + target + "' is both");
        }
        if (target.isReserved()) {
            throw text.error(select, "streams whose names start with _ cannot be written by rules yet");
        }
        List<Expression> keys = keys(select, columns, sink, scope);
        return new Plan(source, target, scope.decoder(), filter, columns, keys);
    }

    private SqlIdentifier table(SqlNode from) {
        if (from instanceof SqlIdentifier table) {
            return table;
        }
        if (from.getKind() == SqlKind.AS && ((SqlBasicCall) from).operand(0) instanceof SqlIdentifier table) {
            if (((SqlBasicCall) from).operandCount() > 2) {
                throw text.error(from, "an alias with a list of columns is not supported");
            }
            return table;
        }
        String reason =
                switch (from.getKind()) {
                    case JOIN -> "joins are not supported yet: a rule reads one stream";
                    case COLLECTION_TABLE -> "windows (TUMBLE, HOP, ...) are not supported yet";
                    default -> "FROM must name one stream; subqueries, joins and windows are not supported yet";
                };
        throw text.error(from, reason);
    }

    private static String alias(SqlNode from, String tableName) {
        return from instanceof SqlBasicCall call && call.operand(1) instanceof SqlIdentifier alias
                ? alias.getSimple()
                : tableName;
    }

    private StreamName stream(SqlIdentifier identifier, String name) {
        if (!StreamName.isValid(name)) {
            throw text.error(identifier, "'" + name + "' is not a stream name: 1 to 128 of a-z A-Z 0-9 _ . -");
        }
        return new StreamName(name);
    }

    private @Nullable TableDeclaration sink() {
        SqlIdentifier target = statements.target();
        return target == null ? null : statements.tables().get(TableDeclaration.tableName(target, text));
    }

    private StreamName target(SqlSelect select, @Nullable TableDeclaration sink) {
        SqlIdentifier target = statements.target();
        StreamName into = settings.into();
        if (target == null) {
            if (into == null) {
                throw text.error(select, "the rule has no target: write INSERT INTO stream SELECT ..., or set 'into'");
            }
            return into;
        }
        StreamName named = sink != null ? sink.stream() : stream(target, TableDeclaration.tableName(target, text));
        if (into != null && !into.equals(named)) {
            throw text.error(target, "the text writes to '" + named + "', the setting 'into' says '" + into + "'");
        }
        return named;
    }

    /** Empty: the data as they are. */
    private List<OutputColumn> columns(SqlSelect select, Scope scope, ExpressionCompiler expressions) {
        List<OutputColumn> columns = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (SqlNode node : select.getSelectList()) {
            if (node instanceof SqlIdentifier star && star.isStar()) {
                if (select.getSelectList().size() > 1) {
                    throw text.error(node, "* can stand only alone in the SELECT list");
                }
                for (OutputColumn column : scope.all(star)) {
                    columns.add(checked(node, column));
                }
                return columns;
            }
            OutputColumn column = column(node, expressions);
            if (!names.add(column.name())) {
                throw text.error(node, "the output has two columns named '" + column.name() + "': rename one with AS");
            }
            columns.add(column);
        }
        return columns;
    }

    private OutputColumn column(SqlNode node, ExpressionCompiler expressions) {
        SqlNode expression = node;
        String name;
        if (node.getKind() == SqlKind.AS) {
            expression = ((SqlBasicCall) node).operand(0);
            name = ((SqlIdentifier) ((SqlBasicCall) node).operand(1)).getSimple();
        } else if (node instanceof SqlIdentifier identifier) {
            name = identifier.names.get(identifier.names.size() - 1);
        } else {
            throw text.error(node, "give the expression a name: " + node + " AS name");
        }
        Typed typed = expressions.compile(expression);
        return checked(node, new OutputColumn(name, typed.type(), typed.expression()));
    }

    private OutputColumn checked(SqlNode node, OutputColumn column) {
        if (column.type() == SqlType.MAP) {
            throw text.error(node, "headers cannot be written as a whole: name one, headers['device']");
        }
        if (column.type() == SqlType.DECIMAL) {
            throw text.error(
                    node,
                    "a result of the type DECIMAL is not supported yet: write it as 40.5E0, or CAST(... AS DOUBLE)");
        }
        return column;
    }

    /** The columns under the names and with the types of the declared target, by position as INSERT INTO does. */
    private List<OutputColumn> fitted(SqlNode node, List<OutputColumn> columns, TableDeclaration sink) {
        if (columns.size() != sink.columns().size()) {
            throw text.error(
                    node,
                    "the SELECT has " + (columns.isEmpty() ? "an open number of" : columns.size())
                            + " columns, the target " + sink.columns().size());
        }
        List<OutputColumn> fitted = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            OutputColumn column = columns.get(i);
            if (!(sink.columns().get(i) instanceof Column.Field field)) {
                throw text.error(
                        node, "column '" + sink.columns().get(i).name() + "' of the target cannot be written yet");
            }
            fitted.add(fitted(node, column, field));
        }
        return fitted;
    }

    private OutputColumn fitted(SqlNode node, OutputColumn column, Column.Field field) {
        SqlType from = column.type();
        SqlType to = field.type();
        boolean widened = (to == SqlType.BIGINT && from == SqlType.INT) || (to == SqlType.DOUBLE && from.isInteger());
        if (from == SqlType.ANY) {
            throw text.error(
                    node,
                    "the target's column '" + field.name() + "' is " + to
                            + ", the source is undeclared: declare it with CREATE TABLE too, or CAST(... AS " + to
                            + ")");
        }
        if (from != to && !widened && from != SqlType.NULL) {
            throw text.error(
                    node,
                    "the target's column '" + field.name() + "' is " + to + ", the query gives " + from + ": CAST it");
        }
        if (to == SqlType.DOUBLE && from != SqlType.DOUBLE) {
            return new OutputColumn(field.name(), to, Cast.of(column.expression(), SqlType.DOUBLE, false));
        }
        return new OutputColumn(field.name(), to, column.expression());
    }

    private List<Expression> keys(
            SqlNode node, List<OutputColumn> columns, @Nullable TableDeclaration sink, Scope scope) {
        List<String> names = sink != null && !sink.keyFields().isEmpty() ? sink.keyFields() : settings.keyFields();
        List<Expression> keys = new ArrayList<>();
        for (String name : names) {
            if (columns.isEmpty()) {
                keys.add(scope.column(new SqlIdentifier(name, node.getParserPosition()))
                        .expression());
                continue;
            }
            keys.add(columns.stream()
                    .filter(column -> column.name().equals(name))
                    .findFirst()
                    .orElseThrow(() -> text.error(node, "the key field '" + name + "' is not a column of the output"))
                    .expression());
        }
        return keys;
    }
}
