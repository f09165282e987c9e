/** Everything that Tidegate says over HTTP: its API, the mounts of other modules, metrics and the console page. */
@NullMarked
package io.tidegate.gateway.http;

import org.jspecify.annotations.NullMarked;
