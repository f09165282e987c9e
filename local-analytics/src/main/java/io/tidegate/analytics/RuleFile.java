package io.tidegate.analytics;

import io.tidegate.core.stream.StreamName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A rule, read and compiled: what {@link RuleEngine} runs. Reading it loads Flink's parser.
 *
 * <p>Immutable.
 */
public final class RuleFile {
    private static final int VERSION_DIGITS = 16;

    private final RuleSettings settings;
    private final Plan plan;
    private final String planHash;

    private RuleFile(RuleSettings settings, Plan plan, String planHash) {
        this.settings = settings;
        this.plan = plan;
        this.planHash = planHash;
    }

    /** Reads the file that the settings name; throws {@link RuleException} saying where and what is wrong. */
    public static RuleFile parse(RuleSettings settings) {
        SourceText text = new SourceText(settings.file());
        try {
            return parse(settings, Files.readString(settings.file(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw text.error(0, 0, "the rule '" + settings.name() + "' cannot be read: " + e);
        }
    }

    /** As {@link #parse(RuleSettings)}, with the text given; the file is only named in messages. */
    public static RuleFile parse(RuleSettings settings, String sql) {
        SourceText text = new SourceText(settings.file());
        String canonical = TextLimits.check(text, sql);
        if (canonical.isEmpty()) {
            throw text.error(1, 1, "the text is empty: expected INSERT INTO stream SELECT ... FROM stream WHERE ...");
        }
        Plan plan = PlanBuilder.build(sql, settings, text);
        return new RuleFile(settings, plan, sha256(canonical + "\n" + plan.target() + "\n" + settings.keyFields()));
    }

    public RuleSettings settings() {
        return settings;
    }

    public String name() {
        return settings.name();
    }

    /** 16 hexadecimal digits that change with the text, but not with its comments and layout. */
    public String version() {
        return planHash.substring(0, VERSION_DIGITS);
    }

    public StreamName source() {
        return plan.source();
    }

    public StreamName target() {
        return plan.target();
    }

    Plan plan() {
        return plan;
    }

    String planHash() {
        return planHash;
    }

    static String sha256(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java has no SHA-256", e);
        }
    }
}
