package io.tidegate.core.stream;

/** The name under which a consumer is known to the log: 1 to 128 characters, none of them a control character. */
public record ConsumerName(String value) {
    public ConsumerName {
        if (value.isEmpty() || value.length() > 128 || value.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(
                    "consumer name must be 1 to 128 printable characters, found '" + value + "'");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
