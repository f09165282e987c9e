package io.tidegate.uplink.http;

import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.uplink.Answer;
import java.net.http.HttpResponse;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What status codes and bodies mean to a lane. */
final class HttpAnswers {
    private static final Duration RETRY_AFTER_MAX = Duration.ofHours(1);
    private static final int DETAIL_LENGTH_MAX = 200;

    private HttpAnswers() {}

    static Answer known(HttpResponse<byte[]> response) {
        if (response.statusCode() != 200) {
            return failure(response);
        }
        try {
            List<ShardEpoch> epochs = JsonObject.parse(Payload.wrap(response.body())).children("epochs").stream()
                    .map(one -> new ShardEpoch(
                            ShardEpoch.parse(one.text("epoch")), one.number("first"), one.number("next")))
                    .toList();
            return new Answer.Known(epochs);
        } catch (IllegalArgumentException e) {
            return notOfTheContract(e);
        }
    }

    static Answer unit(HttpResponse<byte[]> response) {
        int status = response.statusCode();
        try {
            if (status == 200) {
                JsonObject json = JsonObject.parse(Payload.wrap(response.body()));
                return new Answer.Accepted(
                        ShardEpoch.parse(json.text("epoch")), json.number("next"), json.flag("fork"));
            }
            if (status == 422) {
                Map<Long, String> reasons = new TreeMap<>();
                JsonObject.parse(Payload.wrap(response.body()))
                        .children("rejected")
                        .forEach(one -> reasons.put(
                                one.number("sequenceNumber"),
                                one.optionalText("reason").orElse("no reason given")));
                return new Answer.Rejected(reasons);
            }
        } catch (IllegalArgumentException e) {
            return notOfTheContract(e);
        }
        return switch (status) {
            case 409 -> new Answer.OutOfPlace(detail(response));
            case 413 -> new Answer.TooLarge(detail(response));
            default -> failure(response);
        };
    }

    static Answer media(HttpResponse<byte[]> response) {
        return switch (response.statusCode()) {
            case 200, 201 -> new Answer.MediaKept();
            case 409 -> new Answer.MediaNotTaken("gone", detail(response));
            case 404, 405, 413, 415, 501 -> new Answer.MediaNotTaken("held", detail(response));
            default -> failure(response);
        };
    }

    private static Answer failure(HttpResponse<byte[]> response) {
        return switch (response.statusCode()) {
            case 400, 401, 403, 415 -> new Answer.Refused(detail(response));
            default -> new Answer.TryLater(detail(response), retryAfter(response));
        };
    }

    /** A portal or proxy that answers 200 has stored nothing. */
    private static Answer notOfTheContract(IllegalArgumentException e) {
        return new Answer.TryLater("the answer is not one of the offset contract: " + e.getMessage(), Duration.ZERO);
    }

    /** In seconds, or as a date, which is taken from the receiver's own Date: our clock may be wrong (RFC 9110 10.2.3). */
    private static Duration retryAfter(HttpResponse<byte[]> response) {
        Optional<String> header = response.headers().firstValue("Retry-After");
        if (header.isEmpty()) {
            return Duration.ZERO;
        }
        Duration wait;
        try {
            wait = header.get().matches("[0-9]{1,9}")
                    ? Duration.ofSeconds(Long.parseLong(header.get()))
                    : Duration.between(
                            date(response.headers().firstValue("Date").orElse("")), date(header.get()));
        } catch (DateTimeException e) {
            return Duration.ZERO;
        }
        if (wait.isNegative()) {
            return Duration.ZERO;
        }
        return wait.compareTo(RETRY_AFTER_MAX) > 0 ? RETRY_AFTER_MAX : wait;
    }

    private static ZonedDateTime date(String text) {
        return ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME);
    }

    private static String detail(HttpResponse<byte[]> response) {
        String said;
        try {
            said = JsonObject.parse(Payload.wrap(response.body()))
                    .optionalText("detail")
                    .orElse("");
        } catch (IllegalArgumentException e) {
            // Somebody else's error page is of no use to anyone here.
            said = "";
        }
        String text = "status " + response.statusCode() + (said.isEmpty() ? "" : ": " + said);
        return text.length() <= DETAIL_LENGTH_MAX ? text : text.substring(0, DETAIL_LENGTH_MAX);
    }
}
