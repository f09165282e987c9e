package io.tidegate.core.stream;

/** The name under which a producer is known to the log: 1 to 128 characters, none of them a control character. */
public record ProducerName(String value) {
    public ProducerName {
        if (value.isEmpty() || value.length() > 128 || value.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(
                    "producer name must be 1 to 128 printable characters, found '" + value + "'");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
