package io.tidegate.uplink.http;

import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StateStore;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A state store without a disk. Guarded by its own lock. */
final class MemoryStateStore implements StateStore {
    private final Map<String, Payload> values = new TreeMap<>();

    @Override
    public synchronized Optional<Payload> get(String key) {
        return Optional.ofNullable(values.get(key));
    }

    @Override
    public synchronized void put(String key, Payload value) {
        values.put(key, value);
    }

    @Override
    public synchronized void delete(String key) {
        values.remove(key);
    }

    @Override
    public synchronized List<String> keys(String prefix) {
        return values.keySet().stream().filter(key -> key.startsWith(prefix)).toList();
    }

    @Override
    public synchronized void putAll(Map<String, Optional<Payload>> changes) {
        changes.forEach((key, value) -> value.ifPresentOrElse(set -> put(key, set), () -> delete(key)));
    }
}
