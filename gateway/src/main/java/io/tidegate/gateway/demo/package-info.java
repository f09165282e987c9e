/** {@code tidegate demo}: a gateway and a central as processes, simulated devices, and an honest account at the end. */
@NullMarked
package io.tidegate.gateway.demo;

import org.jspecify.annotations.NullMarked;
