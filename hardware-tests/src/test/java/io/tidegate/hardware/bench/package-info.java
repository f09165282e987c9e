/** Benches: what the gateway costs, measured against other ways to do the same. Run by {@code ./run bench NAME}. */
package io.tidegate.hardware.bench;
