package io.tidegate.gateway;

/**
 * Where something stands: in a file, or in an environment variable if the line is 0.
 *
 * @param line from 1
 * @param column from 1
 */
record Place(String source, int line, int column) {
    static Place ofVariable(String name) {
        return new Place("environment variable " + name, 0, 0);
    }

    @Override
    public String toString() {
        return line == 0 ? source : source + ":" + line + ":" + column;
    }
}
