package io.tidegate.analytics;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlNode;
import org.jspecify.annotations.Nullable;

/** Compiles calls by name: the functions that there are, and a reason for those that there are not. */
final class FunctionCompiler {
    private static final Set<String> AGGREGATES =
            Set.of("COUNT", "SUM", "AVG", "MIN", "MAX", "FIRST_VALUE", "LAST_VALUE", "STDDEV_POP", "STDDEV_SAMP");
    private static final Set<String> NOT_REPRODUCIBLE = Set.of(
            "NOW",
            "CURRENT_TIMESTAMP",
            "CURRENT_TIME",
            "CURRENT_DATE",
            "LOCALTIME",
            "LOCALTIMESTAMP",
            "PROCTIME",
            "CURRENT_ROW_TIMESTAMP",
            "RAND",
            "RAND_INTEGER",
            "UUID",
            "UNIX_TIMESTAMP");
    private static final Map<String, Integer> ARGUMENTS = Map.of("UPPER", 1, "LOWER", 1, "ABS", 1, "MOD", 2, "||", 2);

    private final ExpressionCompiler expressions;
    private final SourceText text;

    FunctionCompiler(ExpressionCompiler expressions, SourceText text) {
        this.expressions = expressions;
        this.text = text;
    }

    Typed compile(SqlCall call) {
        String name = call.getOperator().getName().toUpperCase(Locale.ROOT);
        if (call.getFunctionQuantifier() != null) {
            throw text.error(call, "DISTINCT and ALL belong to aggregates, which are not supported yet");
        }
        Integer arguments = ARGUMENTS.get(name);
        if (arguments != null && call.operandCount() != arguments) {
            throw text.error(call, name + " takes " + arguments + " argument(s), found " + call.operandCount());
        }
        return switch (name) {
            case "UPPER" -> changed(call, value -> value.toUpperCase(Locale.ROOT));
            case "LOWER" -> changed(call, value -> value.toLowerCase(Locale.ROOT));
            case "ABS" -> absolute(call);
            case "MOD" -> expressions.arithmetic(call, Arithmetic.REMAINDER);
            case "COALESCE" -> coalesce(call);
            case "||" -> concatenation(call);
            default -> throw text.error(call, refusal(call, name));
        };
    }

    private static String refusal(SqlCall call, String name) {
        if (AGGREGATES.contains(name)) {
            return name + " is not supported yet: aggregates need windows, and this version has none";
        }
        if (NOT_REPRODUCIBLE.contains(name)) {
            return name + " gives another value at each run: use the column `timestamp`, the event time";
        }
        return switch (call.getKind()) {
            case SELECT, UNION, SCALAR_QUERY, EXISTS -> "queries within expressions are not supported";
            case OVER -> "OVER windows are not supported yet";
            case DYNAMIC_PARAM -> "? is not supported: write the value";
            default ->
                "'" + name + "' is not supported yet; there are ABS, CASE, CAST, COALESCE, LOWER, MOD, TRY_CAST, UPPER";
        };
    }

    private Typed changed(SqlCall call, UnaryOperator<String> change) {
        Expression operand = expressions.string(call.operand(0));
        return new Typed(SqlType.STRING, row -> {
            String value = LikePattern.text(operand.value(row));
            return value == null ? null : change.apply(value);
        });
    }

    private Typed absolute(SqlCall call) {
        Typed operand = expressions.numeric(call.operand(0));
        expressions.checkNotDecimal(call, operand.type());
        return new Typed(operand.type(), Arithmetic.absolute(operand.expression(), operand.type()));
    }

    private Typed concatenation(SqlCall call) {
        Expression left = expressions.string(call.operand(0));
        Expression right = expressions.string(call.operand(1));
        return new Typed(SqlType.STRING, row -> {
            String a = LikePattern.text(left.value(row));
            String b = LikePattern.text(right.value(row));
            return a == null || b == null ? null : a + b;
        });
    }

    private Typed coalesce(SqlCall call) {
        List<Typed> operands =
                call.getOperandList().stream().map(expressions::compile).toList();
        if (operands.isEmpty()) {
            throw text.error(call, "COALESCE takes at least one argument");
        }
        SqlType type = commonType(call, operands);
        List<Expression> values =
                operands.stream().map(operand -> converted(operand, type)).toList();
        return new Typed(type, row -> {
            for (Expression candidate : values) {
                Object value = candidate.value(row);
                if (value != null) {
                    return value;
                }
            }
            return null;
        });
    }

    /** The one type of several alternatives; with an undeclared column among them, what the row holds decides. */
    SqlType commonType(SqlNode node, List<Typed> alternatives) {
        SqlType common = SqlType.NULL;
        for (Typed alternative : alternatives) {
            SqlType next = common(common, alternative.type());
            if (next == null) {
                throw text.error(
                        node, "the alternatives have different types, " + common + " and " + alternative.type());
            }
            common = next;
        }
        expressions.checkNotDecimal(node, common);
        return common;
    }

    private static @Nullable SqlType common(SqlType a, SqlType b) {
        if (a == b || b == SqlType.NULL) {
            return a;
        }
        if (a == SqlType.NULL) {
            return b;
        }
        if (a == SqlType.ANY || b == SqlType.ANY) {
            return SqlType.ANY;
        }
        if (!a.isNumber() || !b.isNumber()) {
            return null;
        }
        if (a == SqlType.DOUBLE || b == SqlType.DOUBLE) {
            return SqlType.DOUBLE;
        }
        return a == SqlType.DECIMAL || b == SqlType.DECIMAL ? SqlType.DECIMAL : SqlType.BIGINT;
    }

    /** A value of the type, where the expression's type can become it without a CAST. */
    Expression converted(Typed typed, SqlType type) {
        boolean toDouble = type == SqlType.DOUBLE && typed.type() != SqlType.DOUBLE;
        boolean decimal = typed.type() == SqlType.DECIMAL;
        if (!toDouble && !decimal) {
            return typed.expression();
        }
        return row -> {
            Object value = typed.expression().value(row);
            return value == null ? null : Arithmetic.toDouble(value);
        };
    }
}
