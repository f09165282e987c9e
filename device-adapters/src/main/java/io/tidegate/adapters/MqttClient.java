package io.tidegate.adapters;

import org.jspecify.annotations.Nullable;

/**
 * What a client said in its CONNECT, as far as it is accepted.
 *
 * @param assigned the client id is ours, the client sent none
 * @param user null: anonymous
 * @param keepAliveSeconds 0: the client promises nothing
 * @param will to be published if it leaves without a goodbye; null: none
 */
record MqttClient(
        boolean version5,
        String id,
        boolean assigned,
        @Nullable String user,
        int keepAliveSeconds,
        @Nullable IncomingMessage will) {

    /** Two connections with the same key are one client. Per user, so that none can put another's device out. */
    record Key(String user, String id) {}

    Key key() {
        return new Key(user == null ? "" : user, id);
    }

    /** Who its messages come from; null: nobody knows. */
    @Nullable
    String sender() {
        return assigned ? null : id;
    }
}
