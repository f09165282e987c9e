/** The words of the shard log and the contracts through which modules meet. Definitions: {@code docs/glossary.md}. */
@NullMarked
package io.tidegate.core.stream;

import org.jspecify.annotations.NullMarked;
