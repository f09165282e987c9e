package io.tidegate.uplink.http;

import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.MediaBytes;
import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.RecordJson;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.uplink.Answer;
import io.tidegate.uplink.Destination;
import io.tidegate.uplink.OutgoingUnit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * A receiver of the offset contract over HTTP: {@code docs/uplink-http.md}. Calls run side by side, so that one that
 * hangs does not stop the others.
 *
 * <p>Confined to the uplink's thread.
 */
public final class HttpDestination implements Destination {
    private static final int UNIT_BYTES_MAX = 8 << 20;

    private final HttpDestinationSettings settings;
    private final String gatewayId;
    private final HttpClient client;
    private final String base;
    private Encoding encoding;

    private HttpDestination(HttpDestinationSettings settings, String gatewayId, Executor executor) {
        this.settings = settings;
        this.gatewayId = gatewayId;
        this.encoding = settings.encoding();
        String url = settings.url().toString();
        this.base = (url.endsWith("/") ? url.substring(0, url.length() - 1) : url) + SyncPath.PREFIX + gatewayId + "/";
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(settings.connectTimeout())
                .followRedirects(HttpClient.Redirect.NEVER)
                .executor(executor)
                .build();
    }

    /** For {@link io.tidegate.uplink.Uplink#start}. */
    public static Destination.Opener opener(HttpDestinationSettings settings, String gatewayId) {
        if (!SyncPath.isGatewayId(gatewayId)) {
            throw new IllegalArgumentException(
                    "gateway id must be 1 to 64 of a-z A-Z 0-9 _ . -, found '" + gatewayId + "'");
        }
        return executor -> new HttpDestination(settings, gatewayId, executor);
    }

    @Override
    public CompletableFuture<Answer> known(ShardId shard) {
        HttpRequest request = request(path(shard)).GET().build();
        return call(request).thenApply(HttpAnswers::known);
    }

    @Override
    public CompletableFuture<Answer> send(OutgoingUnit unit) {
        byte[] plain = render(unit);
        if (plain.length > UNIT_BYTES_MAX && unit.entries().size() > 1) {
            return CompletableFuture.completedFuture(
                    new Answer.TooLarge("a unit of several records holds at most " + UNIT_BYTES_MAX + " bytes"));
        }
        String idempotencyKey = String.format(
                "%s/%s/%s/%s/%d-%d/%08x",
                gatewayId,
                unit.shard().stream(),
                unit.shard().name(),
                ShardEpoch.text(unit.epoch()),
                unit.fromInclusive(),
                unit.toExclusive(),
                Payload.wrap(plain).crc32c());
        return post(unit.shard(), plain, idempotencyKey, encoding);
    }

    private CompletableFuture<Answer> post(ShardId shard, byte[] plain, String idempotencyKey, Encoding with) {
        HttpRequest.Builder request = request(path(shard))
                .header("Content-Type", "application/x-ndjson")
                .header("Idempotency-Key", idempotencyKey)
                .POST(BodyPublishers.ofByteArray(with.encode(plain)));
        if (with != Encoding.IDENTITY) {
            request.header("Content-Encoding", with.text());
        }
        return call(request.build()).thenCompose(response -> {
            Optional<Encoding> next = with.next();
            if (response.statusCode() == 415 && next.isPresent()) {
                encoding = next.get();
                return post(shard, plain, idempotencyKey, next.get());
            }
            return CompletableFuture.completedFuture(HttpAnswers.unit(response));
        });
    }

    private byte[] render(OutgoingUnit unit) {
        ShardEpoch before = unit.previous();
        UnitHeader header = new UnitHeader(
                unit.epoch(),
                unit.fromInclusive(),
                unit.toExclusive(),
                before == null ? null : new UnitHeader.Previous(before.epoch(), before.nextSequenceNumber()),
                unit.parents().stream().map(ShardId::name).toList(),
                UnitHeader.MAIN_LANE,
                unit.fork());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(header.render().getBytes(StandardCharsets.UTF_8));
        out.write('\n');
        for (LogEntry entry : unit.entries()) {
            if (entry instanceof StreamRecord record) {
                String media = unit.media().get(record.sequenceNumber());
                RecordJson.write(record, RecordJson.Form.WITHIN_SHARD, media, out);
            } else {
                RecordJson.write(entry, RecordJson.Form.WITHIN_SHARD, out);
            }
            out.write('\n');
        }
        return out.toByteArray();
    }

    @Override
    public CompletableFuture<Answer> put(MediaId id, MediaBytes bytes) {
        HttpRequest request = request("media/" + id)
                .header("Content-Type", "application/octet-stream")
                .header("Tidegate-CRC32C", String.format("%08x", bytes.crc32c()))
                .PUT(BodyPublishers.fromPublisher(
                        BodyPublishers.ofInputStream(() -> Channels.newInputStream(bytes.channel())), bytes.length()))
                .build();
        return call(request).thenApply(HttpAnswers::media).whenComplete((answer, failure) -> close(bytes));
    }

    private static void close(MediaBytes bytes) {
        try {
            bytes.close();
        } catch (IOException e) {
            throw new UncheckedIOException("a media object that was read could not be closed", e);
        }
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(base + path)).header("Authorization", "Bearer " + settings.token());
    }

    private CompletableFuture<HttpResponse<byte[]>> call(HttpRequest request) {
        return client.sendAsync(request, new LimitedBody());
    }

    private static String path(ShardId shard) {
        return shard.stream() + "/" + shard.name();
    }

    /** The client of this Java release ends by itself once nothing refers to it. */
    @Override
    public void close() {}
}
