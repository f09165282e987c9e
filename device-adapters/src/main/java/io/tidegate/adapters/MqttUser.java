package io.tidegate.adapters;

/** Who may connect to the MQTT listener. */
public record MqttUser(String name, PasswordHash password) {
    public MqttUser {
        if (name.isEmpty() || name.length() > 128 || name.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("user name must be 1 to 128 printable characters, found '" + name + "'");
        }
    }
}
