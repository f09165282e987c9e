package io.tidegate.adapters;

/**
 * What the CoAP server has seen since it was started.
 *
 * @param messages what became of the readings
 * @param turnedAway requests answered 5.03 because too much was under way or the log was behind
 * @param tooLarge requests answered 4.13 that came in one datagram (those in blocks are not counted)
 * @param otherMethods requests that were neither POST nor PUT, answered 4.05
 * @param separateResponses requests acknowledged empty first, because the commit took its time
 * @param datagramsDropped datagrams thrown away unread because too many waited, or because they were
 *     responses, and nothing was asked
 * @param underWay readings that the log has not answered yet
 */
public record CoapListenerStats(
        IngestCounts messages,
        long turnedAway,
        long tooLarge,
        long otherMethods,
        long separateResponses,
        long datagramsDropped,
        int underWay) {}
