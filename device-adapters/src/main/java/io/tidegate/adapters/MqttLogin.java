package io.tidegate.adapters;

import io.netty.channel.EventLoop;
import io.tidegate.core.stream.Payload;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Checks the passwords of MQTT clients on a thread of its own, {@code mqtt-passwords-1}, which ends when there is
 * nothing to check. A password that was right is remembered, as a keyed digest, so that devices that connect again are
 * not slow.
 *
 * <p>{@link #check} is confined to the event loop, and its answers come there.
 */
final class MqttLogin implements AutoCloseable {
    private static final int QUEUE_MAX = 64;
    private static final int REMEMBERED_MAX = 1_024;
    private static final long IDLE_SECONDS = 30;

    enum Result {
        ACCEPTED,
        REFUSED,
        /** Too many are waiting to be checked. */
        BUSY
    }

    private final Map<String, PasswordHash> users = new LinkedHashMap<>();
    private final boolean takesAnonymous;
    private final PasswordHash decoy;
    private final EventLoop eventLoop;
    private final ThreadPoolExecutor checker;
    private final byte[] digestKey = new byte[32];
    private final Set<Payload> remembered = new LinkedHashSet<>();

    MqttLogin(MqttListenerSettings settings, EventLoop eventLoop, SecureRandom random) {
        settings.users().forEach(user -> users.put(user.name(), user.password()));
        this.takesAnonymous = settings.takesAnonymous();
        this.eventLoop = eventLoop;
        random.nextBytes(digestKey);
        int iterations =
                users.values().stream().mapToInt(PasswordHash::iterations).max().orElse(1_000);
        byte[] nothing = new byte[32];
        this.decoy = new PasswordHash(iterations, Payload.wrap(nothing), Payload.wrap(nothing));
        this.checker = new ThreadPoolExecutor(
                1,
                1,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(QUEUE_MAX),
                new NamedThreads("mqtt-passwords-1"));
        checker.allowCoreThreadTimeOut(true);
    }

    /** Whether a client without a user name may come in. */
    boolean takesAnonymous() {
        return takesAnonymous;
    }

    /** Answers at once or later, on the event loop. */
    void check(String user, Payload password, Consumer<Result> answer) {
        if (users.isEmpty()) {
            // Nobody was given a name: what the client calls itself says nothing.
            answer.accept(Result.ACCEPTED);
            return;
        }
        Payload digest = digest(user, password);
        if (remembered.contains(digest)) {
            answer.accept(Result.ACCEPTED);
            return;
        }
        PasswordHash known = users.get(user);
        try {
            checker.execute(() -> checkSlowly(known, password, digest, answer));
        } catch (RejectedExecutionException e) {
            answer.accept(Result.BUSY);
        }
    }

    private void checkSlowly(@Nullable PasswordHash known, Payload password, Payload digest, Consumer<Result> answer) {
        // An unknown user takes as long as a wrong password.
        boolean right = (known == null ? decoy : known).matches(password) && known != null;
        try {
            eventLoop.execute(() -> {
                if (right) {
                    remember(digest);
                }
                answer.accept(right ? Result.ACCEPTED : Result.REFUSED);
            });
        } catch (RejectedExecutionException e) {
            checker.shutdown();
        }
    }

    private void remember(Payload digest) {
        if (remembered.size() >= REMEMBERED_MAX) {
            Iterator<Payload> oldest = remembered.iterator();
            oldest.next();
            oldest.remove();
        }
        remembered.add(digest);
    }

    private Payload digest(String user, Payload password) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            sha.update(digestKey);
            byte[] name = user.getBytes(StandardCharsets.UTF_8);
            sha.update((byte) (name.length >>> 8));
            sha.update((byte) name.length);
            sha.update(name);
            sha.update(password.toBytes());
            return Payload.wrap(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    @Override
    public void close() {
        checker.shutdownNow();
    }
}
