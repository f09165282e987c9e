package io.tidegate.core.stream;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Durable named values that are not records: sessions, identities, learned settings. What a call changed is on disk
 * when it returns. Bounded in bytes: a put over the limit is refused with a {@link StreamLogException} of category
 * reject.
 *
 * <p>Thread-safe; calls wait for the disk.
 */
public interface StateStore {
    Optional<Payload> get(String key);

    void put(String key, Payload value);

    void delete(String key);

    /** Keys that start with a prefix, in order. */
    List<String> keys(String prefix);

    /** All or none of them; an absent Optional deletes. */
    void putAll(Map<String, Optional<Payload>> changes);
}
