/** What every component runs on: clocks, workers, back-off, orderly closing, and the split of memory. */
@NullMarked
package io.tidegate.core.runtime;

import org.jspecify.annotations.NullMarked;
