/** The shard log on SQLite, and the store for durable state that is not a record. */
@NullMarked
package io.tidegate.buffer;

import org.jspecify.annotations.NullMarked;
