package io.tidegate.adapters;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.eclipse.californium.core.coap.Request;
import org.eclipse.californium.core.network.Exchange;
import org.eclipse.californium.core.network.KeyMID;
import org.eclipse.californium.elements.util.ClockUtil;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class RecentRequestsTest {
    private static final long SECOND = 1_000_000_000L;

    private long nanos = 1;

    RecentRequestsTest() {
        ClockUtil.setRealtimeHandler(() -> nanos);
    }

    @AfterEach
    void realClock() {
        ClockUtil.setRealtimeHandler(System::nanoTime);
    }

    private static Exchange exchange(String sender) {
        return new Exchange(Request.newPost(), sender, Exchange.Origin.REMOTE, Runnable::run);
    }

    private static KeyMID key(String sender, int id) {
        return new KeyMID(id, sender);
    }

    @Test
    void findPrevious_sameSenderAndId_givesTheFirstFor247Seconds() {
        RecentRequests recent = new RecentRequests(100);
        Exchange first = exchange("a");

        assertThat(recent.findPrevious(key("a", 7), first)).isNull();
        assertThat(recent.findPrevious(key("b", 7), exchange("b"))).isNull();
        nanos += 247 * SECOND;
        assertThat(recent.findPrevious(key("a", 7), exchange("a"))).isSameAs(first);
        nanos += 1;
        assertThat(recent.findPrevious(key("a", 7), exchange("a"))).isNull();
        assertThat(recent.size()).isEqualTo(1);
    }

    @Test
    void findPrevious_manyOfOneSender_keepsTheNewest16() {
        RecentRequests recent = new RecentRequests(100);
        List<Exchange> exchanges = new ArrayList<>();
        for (int id = 0; id < 20; id++) {
            exchanges.add(exchange("a"));
            recent.findPrevious(key("a", id), exchanges.get(id));
        }

        assertThat(recent.size()).isEqualTo(16);
        assertThat(recent.find(key("a", 3))).isNull();
        assertThat(recent.find(key("a", 4))).isSameAs(exchanges.get(4));
    }

    @Test
    void findPrevious_manySenders_keepsTheNewestInAll() {
        RecentRequests recent = new RecentRequests(100);
        for (int sender = 0; sender < 10_000; sender++) {
            recent.findPrevious(key("s" + sender, 1), exchange("s" + sender));
        }

        assertThat(recent.size()).isEqualTo(100);
        assertThat(recent.find(key("s9899", 1))).isNull();
        assertThat(recent.find(key("s9900", 1))).isNotNull();
        recent.clear();
        assertThat(recent.isEmpty()).isTrue();
    }

    @Test
    void replacePrevious_takesThePlaceOfThePrevious() {
        RecentRequests recent = new RecentRequests(100);
        Exchange first = exchange("a");
        Exchange second = exchange("a");
        recent.findPrevious(key("a", 1), first);

        assertThat(recent.replacePrevious(key("a", 1), second, second)).isFalse();
        assertThat(recent.replacePrevious(key("a", 1), first, second)).isTrue();
        assertThat(recent.find(key("a", 1))).isSameAs(second);
        assertThat(recent.size()).isEqualTo(1);
    }
}
