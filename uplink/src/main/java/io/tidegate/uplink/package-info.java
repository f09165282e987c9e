/** Lanes: how the records of each shard reach a destination, in order, without a loss that nobody is told of. */
@NullMarked
package io.tidegate.uplink;

import org.jspecify.annotations.NullMarked;
