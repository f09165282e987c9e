package io.tidegate.adapters;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Where the MQTT listener listens, and for whom. One that is not on loopback must have users, or say in so many words
 * that anybody may send.
 *
 * @param host an address or name of this machine; {@code 0.0.0.0} or {@code ::} for all
 * @param port 0: any, {@link MqttListener#port} says which
 * @param users empty on loopback: whoever is on this machine may send
 * @param allowAnonymous clients without a user name may send although there are users, or although it is not loopback
 */
public record MqttListenerSettings(
        String host, int port, List<MqttUser> users, boolean allowAnonymous, MqttLimits limits) {
    private static final Pattern LOOPBACK =
            Pattern.compile("localhost|127(\\.[0-9]{1,3}){3}|::1|0:0:0:0:0:0:0:1|\\[::1]");

    public MqttListenerSettings {
        users = List.copyOf(users);
        if (host.isBlank()) {
            throw new IllegalArgumentException("host of the MQTT listener must not be empty");
        }
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port of the MQTT listener must be 0 to 65535, found " + port);
        }
        Set<String> names = new HashSet<>();
        for (MqttUser user : users) {
            if (!names.add(user.name())) {
                throw new IllegalArgumentException("the MQTT listener has two users named '" + user.name() + "'");
            }
        }
        if (users.isEmpty() && !allowAnonymous && !isLoopback(host)) {
            throw new IllegalArgumentException("the MQTT listener on " + host + " could be reached from the network by"
                    + " anybody: give it users (mqtt.listener.users), or listen on 127.0.0.1, or set allow-anonymous:"
                    + " true");
        }
    }

    /** On 127.0.0.1, for every program of this machine. */
    public static MqttListenerSettings loopback(int port) {
        return new MqttListenerSettings("127.0.0.1", port, List.of(), false, MqttLimits.DEFAULT);
    }

    public MqttListenerSettings withUsers(List<MqttUser> changed) {
        return new MqttListenerSettings(host, port, changed, allowAnonymous, limits);
    }

    public MqttListenerSettings withLimits(MqttLimits changed) {
        return new MqttListenerSettings(host, port, users, allowAnonymous, changed);
    }

    /** Whether a client without a user name may send. */
    boolean takesAnonymous() {
        return allowAnonymous || users.isEmpty();
    }

    /** Whether only programs of this machine can reach a host of this name. Names are not looked up. */
    static boolean isLoopback(String host) {
        return LOOPBACK.matcher(host).matches();
    }
}
