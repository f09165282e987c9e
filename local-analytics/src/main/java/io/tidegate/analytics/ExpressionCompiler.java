package io.tidegate.analytics;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlDataTypeSpec;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.fun.SqlBetweenOperator;
import org.apache.calcite.sql.fun.SqlCase;
import org.apache.calcite.sql.fun.SqlLikeOperator;
import org.apache.calcite.sql.type.SqlTypeName;

/**
 * Turns the parse tree of an expression into closures, and refuses what is not a known form with a sentence that says
 * what to write instead. Nothing is looked up by reflection, loaded or generated. Confined to the compilation.
 */
final class ExpressionCompiler {
    private static final int DEPTH_MAX = 60;

    private final Scope scope;
    private final SourceText text;
    private final FunctionCompiler functions;
    private int depth;

    ExpressionCompiler(Scope scope, SourceText text) {
        this.scope = scope;
        this.text = text;
        this.functions = new FunctionCompiler(this, text);
    }

    Typed compile(SqlNode node) {
        if (depth == DEPTH_MAX) {
            throw text.error(node, "the expression is nested more than " + DEPTH_MAX + " deep");
        }
        depth++;
        try {
            return compileNode(node);
        } finally {
            depth--;
        }
    }

    /** A condition: BOOLEAN, or an undeclared column that must prove to be one. */
    Expression condition(SqlNode node) {
        Typed typed = compile(node);
        if (!typed.type().mayBe(SqlType.BOOLEAN)) {
            throw text.error(node, "expected a condition, found a value of the type " + typed.type());
        }
        return typed.expression();
    }

    private Typed compileNode(SqlNode node) {
        if (node instanceof SqlIdentifier identifier) {
            if (identifier.isStar()) {
                throw text.error(node, "* can stand only alone in the SELECT list");
            }
            return scope.column(identifier);
        }
        if (node instanceof SqlLiteral literal) {
            return literal(literal);
        }
        if (node instanceof SqlCall call) {
            return call(call);
        }
        throw text.error(node, "'" + node + "' is not supported here");
    }

    private Typed literal(SqlLiteral literal) {
        SqlTypeName name = literal.getTypeName();
        return switch (name) {
            case NULL -> new Typed(SqlType.NULL, row -> null);
            case BOOLEAN -> constant(SqlType.BOOLEAN, literal.booleanValue());
            case CHAR -> constant(SqlType.STRING, Objects.requireNonNull(literal.getValueAs(String.class)));
            case DOUBLE -> constant(SqlType.DOUBLE, decimal(literal).doubleValue());
            case DECIMAL -> number(decimal(literal));
            case UNKNOWN -> new Typed(SqlType.BOOLEAN, row -> null);
            default -> throw text.error(literal, "literals of the type " + name.getName() + " are not supported yet");
        };
    }

    private static BigDecimal decimal(SqlLiteral literal) {
        return Objects.requireNonNull(literal.bigDecimalValue());
    }

    private static Typed number(BigDecimal value) {
        if (value.scale() > 0 || value.unscaledValue().bitLength() >= Long.SIZE) {
            return constant(SqlType.DECIMAL, value);
        }
        long number = value.longValueExact();
        return constant(number == (int) number ? SqlType.INT : SqlType.BIGINT, number);
    }

    static Typed constant(SqlType type, Object value) {
        return new Typed(type, row -> value);
    }

    private Typed call(SqlCall call) {
        SqlKind kind = call.getKind();
        return switch (kind) {
            case AND -> new Typed(SqlType.BOOLEAN, Logic.and(conditions(call, kind)));
            case OR -> new Typed(SqlType.BOOLEAN, Logic.or(conditions(call, kind)));
            case NOT -> new Typed(SqlType.BOOLEAN, Logic.not(condition(call.operand(0))));
            case EQUALS -> comparison(call, Comparison.EQUAL);
            case NOT_EQUALS -> comparison(call, Comparison.NOT_EQUAL);
            case LESS_THAN -> comparison(call, Comparison.LESS);
            case LESS_THAN_OR_EQUAL -> comparison(call, Comparison.LESS_OR_EQUAL);
            case GREATER_THAN -> comparison(call, Comparison.GREATER);
            case GREATER_THAN_OR_EQUAL -> comparison(call, Comparison.GREATER_OR_EQUAL);
            case IS_DISTINCT_FROM -> distinct(call, true);
            case IS_NOT_DISTINCT_FROM -> distinct(call, false);
            case IS_NULL -> is(call, false);
            case IS_NOT_NULL -> is(call, true);
            case IS_UNKNOWN -> truth(call, value -> value == null);
            case IS_TRUE -> truth(call, value -> Boolean.TRUE.equals(value));
            case IS_NOT_TRUE -> truth(call, value -> !Boolean.TRUE.equals(value));
            case IS_FALSE -> truth(call, value -> Boolean.FALSE.equals(value));
            case IS_NOT_FALSE -> truth(call, value -> !Boolean.FALSE.equals(value));
            case PLUS -> arithmetic(call, Arithmetic.PLUS);
            case MINUS -> arithmetic(call, Arithmetic.MINUS);
            case TIMES -> arithmetic(call, Arithmetic.TIMES);
            case DIVIDE -> arithmetic(call, Arithmetic.DIVIDE);
            case MOD -> arithmetic(call, Arithmetic.REMAINDER);
            case MINUS_PREFIX -> negated(call);
            case PLUS_PREFIX -> numeric(call.operand(0));
            case LIKE -> like(call);
            case IN -> in(call, false);
            case NOT_IN -> in(call, true);
            case BETWEEN -> between(call);
            case CASE -> caseOf((SqlCase) call);
            case ITEM -> item(call);
            case CAST, SAFE_CAST -> cast(call, kind == SqlKind.SAFE_CAST);
            default -> functions.compile(call);
        };
    }

    /** The operands of a chain of ANDs or ORs, flat, so that a long chain is not a deep one. */
    private List<Expression> conditions(SqlCall call, SqlKind kind) {
        List<SqlNode> parts = new ArrayList<>();
        SqlNode rest = call;
        while (rest.getKind() == kind) {
            parts.add(0, ((SqlCall) rest).operand(1));
            rest = ((SqlCall) rest).operand(0);
        }
        parts.add(0, rest);
        return parts.stream().map(this::condition).toList();
    }

    private Typed comparison(SqlCall call, Comparison comparison) {
        Typed left = compile(call.operand(0));
        Typed right = compile(call.operand(1));
        checkComparable(call, left.type(), right.type());
        return new Typed(SqlType.BOOLEAN, comparison.of(left.expression(), right.expression()));
    }

    private Typed distinct(SqlCall call, boolean wanted) {
        Typed left = compile(call.operand(0));
        Typed right = compile(call.operand(1));
        checkComparable(call, left.type(), right.type());
        return new Typed(SqlType.BOOLEAN, Logic.isDistinct(left.expression(), right.expression(), wanted));
    }

    private void checkComparable(SqlNode node, SqlType left, SqlType right) {
        if (!Comparison.areComparable(left, right)) {
            throw text.error(node, "cannot compare " + left.text() + " with " + right.text() + ": CAST one of them");
        }
    }

    private Typed is(SqlCall call, boolean negated) {
        Expression operand = compile(call.operand(0)).expression();
        return new Typed(SqlType.BOOLEAN, Logic.is(operand, value -> (value != null) == negated));
    }

    private Typed truth(SqlCall call, java.util.function.Predicate<@org.jspecify.annotations.Nullable Boolean> test) {
        return new Typed(SqlType.BOOLEAN, Logic.isTruth(condition(call.operand(0)), test));
    }

    Typed arithmetic(SqlCall call, Arithmetic operation) {
        Typed left = compile(call.operand(0));
        Typed right = compile(call.operand(1));
        SqlType result = operation.resultType(left.type(), right.type());
        if (result == null) {
            throw text.error(
                    call,
                    "'" + call.getOperator().getName() + "' is not defined on "
                            + left.type().text() + " and " + right.type().text());
        }
        checkNotDecimal(call, result);
        return new Typed(result, operation.of(left.expression(), right.expression(), result));
    }

    /** Flink's types of exact decimals are not copied yet; rather no result than another one. */
    void checkNotDecimal(SqlNode node, SqlType result) {
        if (result == SqlType.DECIMAL) {
            throw text.error(
                    node,
                    "a result of the type DECIMAL is not supported yet: "
                            + "write the number as 1.8E0, or CAST(... AS DOUBLE)");
        }
    }

    Typed numeric(SqlNode node) {
        Typed typed = compile(node);
        if (!typed.type().isNumber() && typed.type() != SqlType.ANY && typed.type() != SqlType.NULL) {
            throw text.error(node, "expected a number, found " + typed.type());
        }
        return typed;
    }

    private Typed negated(SqlCall call) {
        Typed operand = numeric(call.operand(0));
        checkNotDecimal(call, operand.type());
        SqlType type = operand.type() == SqlType.ANY ? SqlType.DOUBLE : operand.type();
        return new Typed(type, Arithmetic.negate(operand.expression(), type));
    }

    Expression string(SqlNode node) {
        Typed typed = compile(node);
        if (!typed.type().mayBe(SqlType.STRING)) {
            throw text.error(node, "expected a STRING, found " + typed.type() + ": CAST it");
        }
        return typed.expression();
    }

    private Typed like(SqlCall call) {
        if (!"LIKE".equals(call.getOperator().getName())
                && !"NOT LIKE".equals(call.getOperator().getName())) {
            throw text.error(call, call.getOperator().getName() + " is not supported: use LIKE with UPPER or LOWER");
        }
        Expression escape = call.operandCount() > 2 ? string(call.operand(2)) : null;
        Expression like = LikePattern.of(string(call.operand(0)), string(call.operand(1)), escape);
        boolean negated = ((SqlLikeOperator) call.getOperator()).isNegated();
        return new Typed(SqlType.BOOLEAN, negated ? Logic.not(like) : like);
    }

    private Typed in(SqlCall call, boolean negated) {
        if (!(call.operand(1) instanceof SqlNodeList list)) {
            throw text.error(call, "a query within IN is not supported: list the values");
        }
        Typed operand = compile(call.operand(0));
        List<Expression> elements = new ArrayList<>();
        for (SqlNode node : list) {
            Typed element = compile(node);
            checkComparable(node, operand.type(), element.type());
            elements.add(element.expression());
        }
        Expression in = Logic.in(operand.expression(), elements);
        return new Typed(SqlType.BOOLEAN, negated ? Logic.not(in) : in);
    }

    private Typed between(SqlCall call) {
        SqlBetweenOperator operator = (SqlBetweenOperator) call.getOperator();
        Typed value = compile(call.operand(0));
        Typed low = compile(call.operand(1));
        Typed high = compile(call.operand(2));
        checkComparable(call, value.type(), low.type());
        checkComparable(call, value.type(), high.type());
        Expression between = within(value, low, high);
        if (operator.flag == SqlBetweenOperator.Flag.SYMMETRIC) {
            between = Logic.or(List.of(between, within(value, high, low)));
        }
        return new Typed(SqlType.BOOLEAN, operator.isNegated() ? Logic.not(between) : between);
    }

    private static Expression within(Typed value, Typed low, Typed high) {
        return Logic.and(List.of(
                Comparison.GREATER_OR_EQUAL.of(value.expression(), low.expression()),
                Comparison.LESS_OR_EQUAL.of(value.expression(), high.expression())));
    }

    private Typed caseOf(SqlCase call) {
        if (call.getValueOperand() != null) {
            throw text.error(call, "this form of CASE is not supported: write CASE WHEN condition THEN ...");
        }
        List<Expression> conditions = new ArrayList<>();
        List<Typed> results = new ArrayList<>();
        for (SqlNode when : call.getWhenOperands()) {
            conditions.add(condition(when));
        }
        for (SqlNode then : call.getThenOperands()) {
            results.add(compile(then));
        }
        SqlNode otherwise = call.getElseOperand();
        results.add(otherwise == null ? new Typed(SqlType.NULL, row -> null) : compile(otherwise));
        SqlType type = functions.commonType(call, results);
        List<Expression> values = results.stream()
                .map(result -> functions.converted(result, type))
                .toList();
        return new Typed(type, row -> {
            for (int i = 0; i < conditions.size(); i++) {
                if (Boolean.TRUE.equals(Logic.truth(conditions.get(i).value(row)))) {
                    return values.get(i).value(row);
                }
            }
            return values.get(conditions.size()).value(row);
        });
    }

    private Typed item(SqlCall call) {
        Typed map = compile(call.operand(0));
        if (map.type() != SqlType.MAP || !(call.operand(1) instanceof SqlLiteral key)) {
            throw text.error(call, "[...] can be used only as headers['name']");
        }
        Typed name = literal(key);
        if (name.type() != SqlType.STRING) {
            throw text.error(key, "the name of a header is a string, such as headers['device']");
        }
        return new Typed(SqlType.STRING, Metadata.header(Objects.requireNonNull(key.getValueAs(String.class))));
    }

    private Typed cast(SqlCall call, boolean nullIfBad) {
        Typed operand = compile(call.operand(0));
        SqlType target = TableDeclaration.type((SqlDataTypeSpec) call.operand(1), text);
        if (!Cast.isTarget(target) || !Cast.isSource(operand.type())) {
            throw text.error(
                    call,
                    String.format(Locale.ROOT, "CAST from %s to %s is not supported yet", operand.type(), target));
        }
        return new Typed(target, Cast.of(operand.expression(), target, nullIfBad));
    }
}
