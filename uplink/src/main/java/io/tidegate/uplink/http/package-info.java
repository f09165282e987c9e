/** The offset contract over HTTP, both ends of it: {@code docs/uplink-http.md}. */
@NullMarked
package io.tidegate.uplink.http;

import org.jspecify.annotations.NullMarked;
