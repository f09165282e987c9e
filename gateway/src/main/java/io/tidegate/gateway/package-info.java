/** The program: command line, configuration, and {@link io.tidegate.gateway.Gateway}, where everything is wired. */
@NullMarked
package io.tidegate.gateway;

import org.jspecify.annotations.NullMarked;
