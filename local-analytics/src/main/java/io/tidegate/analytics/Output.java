package io.tidegate.analytics;

import io.tidegate.core.stream.Payload;

/** What a rule makes of one record. */
record Output(String partitionKey, Payload data) {}
