package io.tidegate.adapters;

import java.time.Duration;

/**
 * What the CoAP server takes at most.
 *
 * @param bodyBytesMax one reading, put together from its blocks: 64 bytes to 1 MiB; above, 4.13
 * @param inFlightMessagesMax readings that the log has not answered yet; above, 5.03
 * @param inFlightBytesMax bytes of such readings; above, 5.03
 * @param uploadsMax block-wise uploads under way at a time: each may hold {@code bodyBytesMax}
 * @param rememberedMax requests remembered to recognise retransmissions, 16 per sender, for at most 247 s
 * @param acceptAfter how long to wait for the commit before an empty acknowledgement stops the sender's
 *     retransmissions; below the 2 s of RFC 7252 section 4.8
 */
public record CoapLimits(
        int bodyBytesMax,
        int inFlightMessagesMax,
        long inFlightBytesMax,
        int uploadsMax,
        int rememberedMax,
        Duration acceptAfter) {
    public static final CoapLimits DEFAULT =
            new CoapLimits(64 << 10, 1_000, 4 << 20, 64, 4_096, Duration.ofMillis(500));

    public CoapLimits {
        check("body-max", bodyBytesMax, 64, 1 << 20);
        check("in-flight-messages", inFlightMessagesMax, 1, 100_000);
        check("in-flight-max", inFlightBytesMax, bodyBytesMax, 1L << 30);
        check("uploads-max", uploadsMax, 1, 10_000);
        check("remembered-max", rememberedMax, 16, 1_000_000);
        check("accept-after in milliseconds", acceptAfter.toMillis(), 10, 1_900);
    }

    private static void check(String field, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(
                    field + " of the CoAP server must be " + min + " to " + max + ", found " + value);
        }
    }
}
