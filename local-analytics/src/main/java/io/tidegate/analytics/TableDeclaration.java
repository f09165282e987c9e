package io.tidegate.analytics;

import io.tidegate.core.stream.StreamName;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.calcite.sql.SqlDataTypeSpec;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlNode;
import org.apache.flink.sql.parser.ddl.SqlTableColumn;
import org.apache.flink.sql.parser.ddl.SqlTableOption;
import org.apache.flink.sql.parser.ddl.table.SqlCreateTable;
import org.apache.flink.sql.parser.type.ExtendedSqlRowTypeNameSpec;

/** What a CREATE TABLE says: the stream behind a name, its columns in order, the columns of its partition key. */
record TableDeclaration(StreamName stream, List<Column> columns, List<String> keyFields) {
    private static final Set<String> OPTIONS = Set.of("connector", "stream", "format", "key.fields");
    private static final Map<String, SqlType> TYPES = Map.of(
            "BOOLEAN", SqlType.BOOLEAN,
            "INTEGER", SqlType.INT,
            "BIGINT", SqlType.BIGINT,
            "DOUBLE", SqlType.DOUBLE,
            "STRING", SqlType.STRING,
            "TIMESTAMP(3)", SqlType.TIMESTAMP,
            "TIMESTAMP_LTZ(3)", SqlType.TIMESTAMP_LTZ,
            "MAP<STRING,STRING>", SqlType.MAP,
            "MAP<STRING,BYTES>", SqlType.MAP);

    TableDeclaration {
        columns = List.copyOf(columns);
        keyFields = List.copyOf(keyFields);
    }

    static TableDeclaration read(SqlCreateTable statement, SourceText text) {
        if (!statement.getTableConstraints().isEmpty()) {
            throw text.error(statement, "PRIMARY KEY and other constraints are not supported: leave them out");
        }
        Map<String, String> options = options(statement, text);
        String name = tableName(statement.getName(), text);
        String stream = options.getOrDefault("stream", name);
        if (!StreamName.isValid(stream)) {
            throw text.error(statement, "'" + stream + "' is not a stream name: 1 to 128 of a-z A-Z 0-9 _ . -");
        }
        List<Column> columns = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (SqlNode node : statement.getColumnList()) {
            Column column = column((SqlTableColumn) node, text);
            if (!names.add(column.name())) {
                throw text.error(node, "column '" + column.name() + "' stands twice");
            }
            columns.add(column);
        }
        if (columns.isEmpty()) {
            throw text.error(statement, "table '" + name + "' has no columns");
        }
        return new TableDeclaration(new StreamName(stream), columns, keyFields(options, statement, columns, text));
    }

    static String tableName(SqlIdentifier name, SourceText text) {
        if (!name.isSimple()) {
            throw text.error(name, "'" + name + "' is not a table name: write it without a catalog or database");
        }
        return name.getSimple();
    }

    private static Map<String, String> options(SqlCreateTable statement, SourceText text) {
        Map<String, String> options = new LinkedHashMap<>();
        for (SqlNode node : statement.getOperandList()) {
            if (node instanceof org.apache.calcite.sql.SqlNodeList list) {
                for (SqlNode element : list) {
                    if (element instanceof SqlTableOption option) {
                        check(option, text);
                        options.put(option.getKeyString(), option.getValueString());
                    }
                }
            }
        }
        if (!"tidegate".equals(options.get("connector"))) {
            throw text.error(statement, "the table needs WITH ('connector' = 'tidegate', 'stream' = '...')");
        }
        return options;
    }

    private static void check(SqlTableOption option, SourceText text) {
        String key = option.getKeyString();
        if (!OPTIONS.contains(key)) {
            throw text.error(
                    option, "unknown table option '" + key + "'; there are connector, stream, format, key.fields");
        }
        boolean right =
                switch (key) {
                    case "connector" -> "tidegate".equals(option.getValueString());
                    case "format" -> "json".equals(option.getValueString());
                    default -> true;
                };
        if (!right) {
            throw text.error(
                    option,
                    "'" + key + "' must be '" + ("format".equals(key) ? "json" : "tidegate") + "', found '"
                            + option.getValueString() + "'");
        }
    }

    private static List<String> keyFields(
            Map<String, String> options, SqlCreateTable statement, List<Column> columns, SourceText text) {
        String value = options.get("key.fields");
        if (value == null) {
            return List.of();
        }
        List<String> fields = Arrays.stream(value.split(";")).map(String::strip).toList();
        for (String field : fields) {
            if (columns.stream().noneMatch(column -> column.name().equals(field))) {
                throw text.error(statement, "'key.fields' names '" + field + "', which is not a column of the table");
            }
        }
        return fields;
    }

    private static Column column(SqlTableColumn node, SourceText text) {
        String name = node.getName().getSimple();
        if (node instanceof SqlTableColumn.SqlMetadataColumn column) {
            return beside(name, column, text);
        }
        if (node instanceof SqlTableColumn.SqlRegularColumn column) {
            if (column.getConstraint().isPresent()) {
                throw text.error(node, "constraints are not supported: leave them out");
            }
            return field(name, column.getType(), text);
        }
        throw text.error(node, "computed columns are not supported yet: write the expression in the SELECT");
    }

    private static Column beside(String name, SqlTableColumn.SqlMetadataColumn column, SourceText text) {
        String key = column.getMetadataAlias().orElse(name);
        Metadata metadata = Metadata.named(key);
        if (metadata == null) {
            throw text.error(column, "unknown metadata '" + key + "'; there are timestamp, headers, partition, offset");
        }
        SqlType type = type(column.getType(), text);
        if (!metadata.takes(type)) {
            throw text.error(column, "metadata '" + key + "' has the type " + metadata.type() + ", not " + type);
        }
        return new Column.Beside(name, type, metadata);
    }

    private static Column field(String name, SqlDataTypeSpec spec, SourceText text) {
        if (spec.getTypeNameSpec() instanceof ExtendedSqlRowTypeNameSpec row) {
            List<Column> nested = new ArrayList<>();
            for (int i = 0; i < row.getFieldNames().size(); i++) {
                nested.add(field(
                        row.getFieldNames().get(i).getSimple(),
                        row.getFieldTypes().get(i),
                        text));
            }
            return new Column.Nested(name, nested);
        }
        SqlType type = type(spec, text);
        if (!Cast.isTarget(type)) {
            throw text.error(spec, "a JSON field of the type " + type + " is not supported yet; " + supported());
        }
        return new Column.Field(name, type);
    }

    /** Throws with the place if the type is not one of ours. */
    static SqlType type(SqlDataTypeSpec spec, SourceText text) {
        if (Boolean.FALSE.equals(spec.getNullable())) {
            throw text.error(spec, "NOT NULL is not supported: leave it out, a missing field is NULL");
        }
        String name = spec.toString().replace(" ", "").toUpperCase(Locale.ROOT);
        SqlType type = TYPES.get(name);
        if (type == null) {
            throw text.error(spec, "the type " + name + " is not supported yet; " + supported());
        }
        return type;
    }

    private static String supported() {
        return "there are BOOLEAN, INT, BIGINT, DOUBLE, STRING, ROW<...>";
    }
}
