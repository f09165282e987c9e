/**
 * SQL rules over streams: a file with one statement becomes a derived stream. {@link io.tidegate.analytics.RuleFile}
 * reads the text, {@link io.tidegate.analytics.RuleEngine} runs what it says. Flink's parser is loaded with the first
 * rule, not before.
 */
@NullMarked
package io.tidegate.analytics;

import org.jspecify.annotations.NullMarked;
