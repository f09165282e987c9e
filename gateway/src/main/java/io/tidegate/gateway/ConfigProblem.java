package io.tidegate.gateway;

/** One mistake in the configuration: where, what was found and what was expected. Holds no secret. */
record ConfigProblem(Place place, String message) {
    @Override
    public String toString() {
        return place + ": " + message;
    }
}
