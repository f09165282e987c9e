/** Fakes, faults and seeded operations for the tests of every module. */
@NullMarked
package io.tidegate.support;

import org.jspecify.annotations.NullMarked;
