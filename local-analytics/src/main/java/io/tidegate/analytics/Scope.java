package io.tidegate.analytics;

import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.sql.SqlIdentifier;
import org.jspecify.annotations.Nullable;

/**
 * The names that a SELECT can use: the columns of its one table. Without a CREATE TABLE every name is a field of the
 * JSON object, but {@code timestamp}, {@code headers}, {@code partition} and {@code offset}. Collects the fields that
 * are used. Confined to the compilation.
 */
final class Scope {
    private final SourceText text;
    private final String table;
    private final @Nullable TableDeclaration declared;
    private final FieldTree fields = new FieldTree();
    private int slots;

    Scope(SourceText text, String table, @Nullable TableDeclaration declared) {
        this.text = text;
        this.table = table;
        this.declared = declared;
    }

    boolean isDeclared() {
        return declared != null;
    }

    RowDecoder decoder() {
        return new RowDecoder(fields, slots);
    }

    /** The column that an identifier names; {@code a.b} is a field within a field. */
    Typed column(SqlIdentifier identifier) {
        List<String> names = identifier.names;
        if (names.size() > 1 && names.get(0).equals(table) && !isColumn(table)) {
            names = names.subList(1, names.size());
        }
        return declared == null ? undeclared(names) : declared(identifier, names, declared.columns());
    }

    /** Every column of the declared table, in order: what {@code *} stands for. */
    List<OutputColumn> all(SqlIdentifier star) {
        List<OutputColumn> all = new ArrayList<>();
        if (declared != null) {
            for (Column column : declared.columns()) {
                Typed typed = declared(star, List.of(column.name()), declared.columns());
                all.add(new OutputColumn(column.name(), typed.type(), typed.expression()));
            }
        }
        return all;
    }

    private boolean isColumn(String name) {
        return declared != null
                && declared.columns().stream().anyMatch(column -> column.name().equals(name));
    }

    private Typed undeclared(List<String> names) {
        Metadata metadata = names.size() == 1 ? Metadata.named(names.get(0)) : null;
        return metadata != null ? metadata.typed() : field(names, SqlType.ANY);
    }

    private Typed declared(SqlIdentifier identifier, List<String> names, List<Column> columns) {
        List<Column> level = columns;
        for (int i = 0; i < names.size(); i++) {
            boolean last = i == names.size() - 1;
            Column column = find(level, names.get(i));
            if (column instanceof Column.Field found && last) {
                return field(names, found.type());
            }
            if (column instanceof Column.Beside found && last) {
                return new Typed(found.type(), found.metadata().typed().expression());
            }
            if (column instanceof Column.Nested nested) {
                if (last) {
                    throw text.error(
                            identifier,
                            "'" + names.get(i) + "' is a ROW: name one of its fields, " + names(nested.columns()));
                }
                level = nested.columns();
                continue;
            }
            throw text.error(
                    identifier,
                    "there is no column '" + String.join(".", names) + "' in table '" + table + "'; it has "
                            + names(level));
        }
        throw new IllegalStateException("an identifier without names");
    }

    private static @Nullable Column find(List<Column> columns, String name) {
        return columns.stream()
                .filter(column -> column.name().equals(name))
                .findFirst()
                .orElse(null);
    }

    private static String names(List<Column> columns) {
        return String.join(", ", columns.stream().map(Column::name).toList());
    }

    private Typed field(List<String> path, SqlType type) {
        int slot = fields.slotOf(path, type, slots);
        slots = Math.max(slots, slot + 1);
        return new Typed(type, row -> row.fields()[slot]);
    }
}
