package io.tidegate.adapters;

/** User name and password for an external broker. The password is in no text that this makes. */
public record BrokerLogin(String username, String password) {
    public BrokerLogin {
        if (username.isEmpty()) {
            throw new IllegalArgumentException("username of an MQTT client must not be empty");
        }
    }

    @Override
    public String toString() {
        return "BrokerLogin[username=" + username + "]";
    }
}
