package io.tidegate.adapters;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.regex.Pattern;
import org.eclipse.paho.mqttv5.common.util.MqttTopicValidator;
import org.jspecify.annotations.Nullable;

/**
 * An external MQTT 5 broker from which messages are taken.
 *
 * @param name its identity in the configuration, in thread names and in the status: {@code [a-z0-9-]{1,40}}
 * @param url {@code tcp://host:1883}
 * @param clientId under which the broker keeps our session; no other client may use it
 * @param login null: none
 * @param subscriptions topic filters, subscribed with QoS 1
 */
public record MqttBrokerSettings(
        String name,
        String url,
        String clientId,
        @Nullable BrokerLogin login,
        List<String> subscriptions,
        BrokerLimits limits) {
    private static final Pattern NAME = Pattern.compile("[a-z0-9-]{1,40}");
    private static final int CLIENT_ID_LENGTH_MAX = 128;

    public MqttBrokerSettings {
        subscriptions = List.copyOf(subscriptions);
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "name of an MQTT client must be 1 to 40 of a-z, 0-9 and -, found '" + name + "'");
        }
        checkUrl(name, url);
        if (clientId.isEmpty() || clientId.length() > CLIENT_ID_LENGTH_MAX) {
            throw new IllegalArgumentException("client-id of MQTT client '" + name + "' must be 1 to "
                    + CLIENT_ID_LENGTH_MAX + " characters, found '" + clientId + "'");
        }
        if (subscriptions.isEmpty()) {
            throw new IllegalArgumentException("MQTT client '" + name + "' has no subscriptions: name at least one"
                    + " topic filter, such as plant/#");
        }
        for (String filter : subscriptions) {
            try {
                MqttTopicValidator.validate(filter, true, true);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "subscription of MQTT client '" + name + "' is not a topic filter: '" + filter + "'", e);
            }
        }
    }

    public MqttBrokerSettings withLimits(BrokerLimits changed) {
        return new MqttBrokerSettings(name, url, clientId, login, subscriptions, changed);
    }

    /** With the port, which the URL may leave out. */
    String serverUri() {
        URI uri = URI.create(url);
        return "tcp://" + uri.getHost() + ":" + (uri.getPort() < 0 ? 1883 : uri.getPort());
    }

    private static void checkUrl(String name, String url) {
        URI uri;
        try {
            uri = new URI(url);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(
                    "url of MQTT client '" + name + "' must look like tcp://host:1883: " + e.getReason(), e);
        }
        if (uri.getUserInfo() != null) {
            throw new IllegalArgumentException("url of MQTT client '" + name
                    + "' must not hold credentials: they have the keys username and password");
        }
        if (!"tcp".equals(uri.getScheme()) || uri.getHost() == null || uri.getPort() == 0) {
            throw new IllegalArgumentException("url of MQTT client '" + name
                    + "' must look like tcp://host:1883 (TLS is not there yet), found '" + url + "'");
        }
    }
}
