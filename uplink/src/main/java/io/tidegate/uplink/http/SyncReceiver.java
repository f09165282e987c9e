package io.tidegate.uplink.http;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Expectation;
import io.tidegate.core.stream.MediaSink;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.uplink.http.KnownEpochs.KnownEpoch;
import io.tidegate.uplink.http.KnownEpochs.Verdict;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The receiving end of the offset contract: stores the units of gateways in a log, and how far each shard has come in
 * the same commit. See {@code docs/uplink-http.md}.
 *
 * <p>Requests for shards go to {@link #handle}, uploads of media to {@link #beginMedia}. A body is parsed on the calling
 * thread; the answer to a unit comes on the log's writer thread, after the commit.
 *
 * <p>Thread-safe.
 */
public final class SyncReceiver {
    /** The longest body that a server should take in for {@link #handle}, as it comes over the wire. */
    public static final int BODY_BYTES_MAX = ReceivedUnit.SINGLE_BYTES_MAX + (64 << 10);

    private static final String STATE_PREFIX = "sync/";
    private static final int CONFLICTS_MAX = 8;

    private final StreamLog log;
    private final MediaSink media;
    private final TokenRegistry tokens;
    private final ReceiverSettings settings;
    private final Semaphore room;
    private final AtomicLong unitsApplied = new AtomicLong();
    private final AtomicLong recordsStored = new AtomicLong();
    private final AtomicLong recordsMissed = new AtomicLong();
    private final AtomicLong unitsKnown = new AtomicLong();
    private final AtomicLong unitsBehind = new AtomicLong();
    private final AtomicLong forks = new AtomicLong();
    private final AtomicLong unauthorised = new AtomicLong();
    private final AtomicLong mediaStored = new AtomicLong();

    public SyncReceiver(StreamLog log, MediaSink media, TokenRegistry tokens, ReceiverSettings settings) {
        this.log = log;
        this.media = media;
        this.tokens = tokens;
        this.settings = settings;
        this.room = new Semaphore(settings.unitsAtOnceMax());
    }

    /** One unit on its way into the log. */
    private record Incoming(String gateway, ShardId shard, ReceivedUnit unit, int recordBytesMax) {
        String stateKey() {
            return SyncReceiver.stateKey(gateway, shard, unit.header().lane());
        }
    }

    public ReceiverCounts counts() {
        return new ReceiverCounts(
                unitsApplied.get(),
                recordsStored.get(),
                recordsMissed.get(),
                unitsKnown.get(),
                unitsBehind.get(),
                forks.get(),
                unauthorised.get(),
                mediaStored.get());
    }

    /** Answers GET (the resume handshake) and POST (a unit) on a shard's path. */
    public CompletableFuture<SyncResponse> handle(SyncRequest request) {
        SyncPath path;
        try {
            path = SyncPath.parse(request.method(), request.path());
        } catch (IllegalArgumentException e) {
            return done(SyncResponse.problem(404, "no-such-path", String.valueOf(e.getMessage())));
        }
        Optional<SyncResponse> refusal = checkToken(path.gateway(), request);
        if (refusal.isPresent()) {
            return done(refusal.get());
        }
        if (path instanceof SyncPath.OfShard of && request.method().equals("GET")) {
            return done(known(of, request.query()));
        }
        if (path instanceof SyncPath.OfShard of && request.method().equals("POST")) {
            return receive(of, request);
        }
        return done(SyncResponse.problem(405, "method-not-allowed", "GET, POST, or PUT of media, is served here"));
    }

    /** Starts an upload: PUT on a media path. What comes back takes the body, unless it is answered already. */
    public MediaUpload beginMedia(SyncRequest head) {
        SyncPath path;
        try {
            path = SyncPath.parse(head.method(), head.path());
        } catch (IllegalArgumentException e) {
            return MediaUpload.answered(SyncResponse.problem(404, "no-such-path", String.valueOf(e.getMessage())));
        }
        Optional<SyncResponse> refusal = checkToken(path.gateway(), head);
        if (refusal.isPresent()) {
            return MediaUpload.answered(refusal.get());
        }
        if (!(path instanceof SyncPath.OfMedia of)) {
            return MediaUpload.answered(SyncResponse.problem(405, "method-not-allowed", "only media is PUT"));
        }
        return MediaUpload.begin(media, of.id(), head, mediaStored);
    }

    private Optional<SyncResponse> checkToken(String gateway, SyncRequest request) {
        TokenRegistry.Finding finding;
        try {
            finding = tokens.check(gateway, request.header("authorization"));
        } catch (StreamLogException e) {
            return Optional.of(SyncResponse.tryLater("tokens-not-readable", "tokens cannot be read or kept now", 5));
        }
        if (finding != TokenRegistry.Finding.RIGHT) {
            unauthorised.incrementAndGet();
        }
        return switch (finding) {
            case RIGHT -> Optional.empty();
            case MISSING ->
                Optional.of(
                        SyncResponse.problem(401, "token-missing", "expected a header Authorization: Bearer TOKEN"));
            case WRONG ->
                Optional.of(
                        SyncResponse.problem(403, "token-wrong", "this token is not the one of gateway " + gateway));
            case FULL ->
                Optional.of(SyncResponse.problem(
                        403, "too-many-gateways", "no further gateway is bound here without a tokens file"));
        };
    }

    private SyncResponse known(SyncPath.OfShard path, String query) {
        String lane = UnitHeader.MAIN_LANE;
        for (String part : query.split("&", -1)) {
            lane = part.startsWith("lane=") ? part.substring("lane=".length()) : lane;
        }
        KnownEpochs known = read(stateKey(path.gateway(), path.shard(), lane)).known();
        String epochs = known.epochs().stream()
                .map(one -> "{\"epoch\":\"" + ShardEpoch.text(one.epoch()) + "\",\"first\":\"" + one.first()
                        + "\",\"next\":\"" + one.next() + "\"}")
                .collect(Collectors.joining(","));
        return SyncResponse.json(200, "{\"epochs\":[" + epochs + "]}");
    }

    private CompletableFuture<SyncResponse> receive(SyncPath.OfShard path, SyncRequest request) {
        if (!room.tryAcquire()) {
            return done(SyncResponse.tryLater("busy", "as many units as fit are being received", 1));
        }
        CompletableFuture<SyncResponse> answer;
        try {
            answer = parseAndApply(path, request);
        } catch (StreamLogException e) {
            answer = done(SyncResponse.tryLater("log-not-ready", String.valueOf(e.getMessage()), 5));
        } catch (RuntimeException e) {
            room.release();
            throw e;
        }
        return answer.whenComplete((response, failure) -> room.release());
    }

    private CompletableFuture<SyncResponse> parseAndApply(SyncPath.OfShard path, SyncRequest request) {
        Optional<Encoding> encoding =
                Encoding.parse(request.header("content-encoding").orElse("identity"));
        if (encoding.isEmpty()) {
            return done(SyncResponse.problem(
                    415, "encoding-not-supported", "Content-Encoding must be zstd, gzip or identity"));
        }
        ReceivedUnit unit;
        try {
            byte[] body = encoding.get().decode(request.body().toBytes(), ReceivedUnit.SINGLE_BYTES_MAX);
            unit = ReceivedUnit.parse(body);
        } catch (Encoding.TooLargeException | ReceivedUnit.TooLargeException e) {
            return done(SyncResponse.problem(413, "unit-too-large", String.valueOf(e.getMessage())));
        } catch (IOException | IllegalArgumentException e) {
            return done(SyncResponse.problem(400, "unit-malformed", String.valueOf(e.getMessage())));
        }
        Optional<SyncResponse> refusal = ensureStream(ReceivedRecords.storedName(path.shard().stream()));
        if (refusal.isPresent()) {
            return done(refusal.get());
        }
        // Looked up here: what follows a conflict runs on the log's writer thread, where streams cannot be asked for.
        return apply(new Incoming(path.gateway(), path.shard(), unit, recordBytesMax(path.shard())), 0);
    }

    private Optional<SyncResponse> ensureStream(StreamName name) {
        if (log.admin().describe(name).isEmpty()) {
            if (log.admin().list().size() >= settings.streamsMax()) {
                return Optional.of(SyncResponse.tryLater("too-many-streams", "no further stream is created here", 60));
            }
            log.admin().create(settings.stream(name));
        }
        return Optional.empty();
    }

    private CompletableFuture<SyncResponse> apply(Incoming incoming, int conflicts) {
        Kept kept = read(incoming.stateKey());
        Verdict verdict = kept.known().judge(incoming.unit().header());
        if (verdict instanceof Verdict.Known known) {
            unitsKnown.incrementAndGet();
            return done(place(200, known.epoch()));
        }
        if (verdict instanceof Verdict.Behind behind) {
            unitsBehind.incrementAndGet();
            return done(place(409, behind.epoch()));
        }
        if (verdict instanceof Verdict.InUse) {
            return done(SyncResponse.problem(
                    403,
                    "gateway-id-in-use",
                    "gateway id in use by another home: a newer history of gateway " + incoming.gateway()
                            + " has continued this one"));
        }
        return store(incoming, kept, (Verdict.Apply) verdict, conflicts);
    }

    private CompletableFuture<SyncResponse> store(Incoming incoming, Kept kept, Verdict.Apply verdict, int conflicts) {
        ReceivedRecords received = new ReceivedRecords(
                incoming.unit(),
                incoming.gateway(),
                incoming.shard(),
                verdict.fromInclusive(),
                incoming.recordBytesMax());
        if (!received.rejected().isEmpty()) {
            return done(rejected(received));
        }
        AppendUnit unit;
        try {
            Payload after = verdict.after().withMissed(received.missed()).render();
            unit = new AppendUnit(
                    received.records(),
                    List.of(),
                    List.of(new StateUpdate(incoming.stateKey(), after)),
                    List.of(new Expectation.StateIs(incoming.stateKey(), kept.text())));
        } catch (IllegalArgumentException e) {
            return done(SyncResponse.problem(413, "unit-too-large", String.valueOf(e.getMessage())));
        }
        return log.append(unit).thenCompose(result -> {
            if (result instanceof AppendResult.Conflict && conflicts < CONFLICTS_MAX) {
                return apply(incoming, conflicts + 1);
            }
            return done(answer(result, verdict, received));
        });
    }

    private SyncResponse answer(AppendResult result, Verdict.Apply verdict, ReceivedRecords received) {
        if (result instanceof AppendResult.Committed) {
            unitsApplied.incrementAndGet();
            recordsStored.addAndGet(received.records().size());
            recordsMissed.addAndGet(received.missed());
            if (verdict.epoch().fork()
                    && verdict.fromInclusive() == verdict.epoch().first()) {
                forks.incrementAndGet();
            }
            return place(200, verdict.epoch());
        }
        if (result instanceof AppendResult.Refused refused) {
            long seconds = Math.min(60, Math.max(1, refused.retryAfter().toSeconds()));
            return SyncResponse.tryLater("log-refused", refused.reason(), seconds);
        }
        return SyncResponse.tryLater("outcome-unknown", "send the unit again", 2);
    }

    private int recordBytesMax(ShardId shard) {
        return log.admin()
                .describe(ReceivedRecords.storedName(shard.stream()))
                .map(stream -> stream.settings().recordBytesMax())
                .orElse(NewRecord.BYTES_MAX);
    }

    private static SyncResponse rejected(ReceivedRecords received) {
        String list = received.rejected().entrySet().stream()
                .map(one -> "{\"sequenceNumber\":\"" + one.getKey() + "\",\"reason\":"
                        + JsonObject.quoted(one.getValue()) + "}")
                .collect(Collectors.joining(","));
        return SyncResponse.json(422, "{\"rejected\":[" + list + "]}");
    }

    private static SyncResponse place(int status, KnownEpoch epoch) {
        return SyncResponse.json(
                status,
                "{\"epoch\":\"" + ShardEpoch.text(epoch.epoch()) + "\",\"next\":\"" + epoch.next() + "\",\"fork\":"
                        + epoch.fork() + "}");
    }

    /** What is kept of a shard, with the exact text that an append must still find. */
    private record Kept(KnownEpochs known, @Nullable Payload text) {}

    private Kept read(String key) {
        return log.state(key)
                .map(text -> new Kept(KnownEpochs.parse(text), text))
                .orElseGet(() -> new Kept(KnownEpochs.NONE, null));
    }

    private static String stateKey(String gateway, ShardId shard, String lane) {
        return STATE_PREFIX + gateway + "/" + shard.stream() + "/" + shard.number() + "/" + lane;
    }

    private static CompletableFuture<SyncResponse> done(SyncResponse response) {
        return CompletableFuture.completedFuture(response);
    }
}
