package io.tidegate.analytics;

import io.tidegate.core.stream.StreamRecord;
import org.jspecify.annotations.Nullable;

/** One record as a rule sees it: the JSON fields that the rule names, by slot, and the record itself. */
@SuppressWarnings("ArrayRecordComponent") // written once by the decoder, then only read; one per record
record Row(StreamRecord record, @Nullable Object[] fields) {}
