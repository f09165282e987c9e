/** How devices reach the log: routes, decoders, the MQTT listener, the MQTT client, the CoAP server, HTTP ingest. */
@NullMarked
package io.tidegate.adapters;

import org.jspecify.annotations.NullMarked;
