package io.tidegate.analytics;

/** An object or array within a record's data, as compact JSON text. Immutable. */
record JsonFragment(String text) {}
