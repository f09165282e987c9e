package io.tidegate.gateway;

import io.tidegate.buffer.ShardLog;
import io.tidegate.buffer.ShardLogSettings;
import io.tidegate.buffer.SqliteStateStore;
import io.tidegate.capture.MediaStore;
import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.Closer;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.MemoryPlan;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.gateway.http.HttpParts;
import io.tidegate.gateway.http.HttpServer;
import io.tidegate.gateway.http.HttpSettings;
import io.tidegate.gateway.http.HttpToken;
import io.tidegate.uplink.http.ReceiverSettings;
import io.tidegate.uplink.http.SyncReceiver;
import io.tidegate.uplink.http.TokenRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * A running central stream: a log, a store for media, the receiving end of the offset contract, and the HTTP API.
 *
 * <p>Thread-safe once started; closed once.
 */
final class Central implements Service {
    private static final long MEDIA_BYTES_MAX = 64L << 30;
    private static final long STATE_BYTES_MAX = 16L << 20;

    private final StatusBoard board;
    private final Closer closer;

    private Central(StatusBoard board, Closer closer) {
        this.board = board;
        this.closer = closer;
    }

    /**
     * Throws CommandFailure with a sentence for the user if it cannot start; nothing runs then.
     *
     * @param tokens which gateway may come with which token; null: the first token seen per gateway is bound to it
     */
    static Central start(Path directory, HostPort listen, @Nullable Path tokens) {
        Closer closer = new Closer();
        try {
            Clock clock = new SystemClock();
            SecureRandom random = new SecureRandom();
            MemoryPlan memory = MemoryPlan.ofHeap(Runtime.getRuntime().maxMemory());
            StatusBoard board = new StatusBoard("central", clock);
            GatewayHome home = closer.add(GatewayHome.open(directory, random));
            SqliteStateStore state = closer.add(SqliteStateStore.open(home.stateDatabase(), STATE_BYTES_MAX));
            TokenRegistry registry = tokens == null ? TokenRegistry.firstSeen(state) : ofFile(tokens);

            ShardLog log = closer.add(ShardLog.open(
                    ShardLogSettings.of(home.log(), home.gatewayId())
                            .withMemory(memory.putQueueBytes(), memory.blockCacheBytes()),
                    clock,
                    new EffectiveClock(clock, ClockSync.TRUSTED, Gateway.BUILD_MILLIS),
                    random,
                    home.ballast()));
            StandardStreams.create(log.admin(), List.of(), List.of());
            MediaStore media = closer.add(MediaStore.open(home.video(), MEDIA_BYTES_MAX));
            SyncReceiver receiver = new SyncReceiver(log, media, registry, ReceiverSettings.defaults());
            HttpSettings settings = new HttpSettings(
                    listen.host(),
                    listen.port(),
                    apiTokens(listen, home, random),
                    false,
                    Set.of(),
                    HttpSettings.Limits.DEFAULT);
            HttpServer server = closer.add(HttpServer.start(
                    settings, HttpParts.of(log, clock, board).withMedia(media).withSync(new SyncMount(receiver))));
            board.port("http", server.port());

            home.publishPorts(board.ports());
            Logger.info("Central has started on {}", board.ports());
            return new Central(board, closer);
        } catch (StreamLogException | IOException | IllegalArgumentException e) {
            throw Gateway.closing(closer, CommandFailure.usage(String.valueOf(e.getMessage())));
        } catch (CommandFailure e) {
            throw Gateway.closing(closer, e);
        }
    }

    /** The receiving end checks its own tokens; whoever reads over the network needs the one in HOME. */
    private static List<HttpToken> apiTokens(HostPort listen, GatewayHome home, SecureRandom random)
            throws IOException {
        if (listen.isLoopback()) {
            return List.of();
        }
        Logger.info(
                "The API of this central asks for the token in {}",
                home.directory().resolve("api.token"));
        return List.of(HttpToken.of("api", home.apiToken(random)));
    }

    private static TokenRegistry ofFile(Path tokens) throws IOException {
        if (!Files.isReadable(tokens)) {
            throw CommandFailure.usage(
                    "--tokens: found no readable file '" + tokens + "', expected lines 'gateway-id sha256(token)'");
        }
        return TokenRegistry.ofFile(tokens);
    }

    @Override
    public Map<String, Integer> ports() {
        return board.ports();
    }

    @Override
    public String role() {
        return "central";
    }

    @Override
    public void close() throws Exception {
        closer.close();
        Logger.info("Central has stopped");
    }
}
