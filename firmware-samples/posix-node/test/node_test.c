/*
 * Tests of the codec and of the ring. Expected bytes are written down from the MQTT 3.1.1 specification.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "mqtt.h"
#include "ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int checks = 0;

#define CHECK(condition)                                                          \
    do {                                                                          \
        checks++;                                                                 \
        if (!(condition)) {                                                       \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);       \
            exit(1);                                                              \
        }                                                                         \
    } while (0)

/* Table 2.4: the first and last values of each number of digits. */
static void remaining_length_is_as_in_table_2_4(void) {
    static const struct {
        uint32_t value;
        size_t digits;
        uint8_t bytes[4];
    } table[] = {
        {0, 1, {0x00}},
        {127, 1, {0x7f}},
        {128, 2, {0x80, 0x01}},
        {16383, 2, {0xff, 0x7f}},
        {16384, 3, {0x80, 0x80, 0x01}},
        {2097151, 3, {0xff, 0xff, 0x7f}},
        {2097152, 4, {0x80, 0x80, 0x80, 0x01}},
        {268435455, 4, {0xff, 0xff, 0xff, 0x7f}},
    };
    uint8_t out[4];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        CHECK(mqtt_write_length(out, sizeof out, table[i].value) == table[i].digits);
        CHECK(memcmp(out, table[i].bytes, table[i].digits) == 0);
        CHECK(mqtt_write_length(out, table[i].digits - 1, table[i].value) == 0);
    }
    CHECK(mqtt_write_length(out, sizeof out, 268435456) == 0);
}

/* Sections 3.1.2 and 3.1.3. */
static void connect_is_as_in_section_3_1(void) {
    static const uint8_t expected[] = {0x10, 22,  0,   4,    'M', 'Q', 'T', 'T', 4,   0xc0, 0,   30,
                                       0,    2,   'p', '3',  0,   2,   'm', 'e', 0,   2,    'p', 'w'};
    static const uint8_t anonymous[] = {0x10, 14, 0, 4, 'M', 'Q', 'T', 'T', 4, 0x02, 0, 30, 0, 2, 'p', '3'};
    struct mqtt_connect connect = {"p3", "me", "pw", 30, false};
    uint8_t out[64];
    CHECK(mqtt_write_connect(out, sizeof out, &connect) == sizeof expected);
    CHECK(memcmp(out, expected, sizeof expected) == 0);
    for (size_t size = 0; size < sizeof expected; size++) {
        CHECK(mqtt_write_connect(out, size, &connect) == 0);
    }
    /* A password without a user is not sent (MQTT-3.1.2-22). */
    connect = (struct mqtt_connect){"p3", NULL, "pw", 30, true};
    CHECK(mqtt_write_connect(out, sizeof out, &connect) == sizeof anonymous);
    CHECK(memcmp(out, anonymous, sizeof anonymous) == 0);
}

/* Section 3.3; first byte: type 3, DUP is bit 3, QoS 1 is bit 1. */
static void publish_is_as_in_section_3_3(void) {
    static const uint8_t expected[] = {0x32, 9, 0, 3, 'a', '/', 'b', 0x12, 0x34, '{', '}'};
    struct mqtt_publish publish = {"a/b", (const uint8_t *)"{}", 2, 0x1234, false};
    uint8_t out[32];
    CHECK(mqtt_write_publish(out, sizeof out, &publish) == sizeof expected);
    CHECK(memcmp(out, expected, sizeof expected) == 0);
    for (size_t size = 0; size < sizeof expected; size++) {
        CHECK(mqtt_write_publish(out, size, &publish) == 0);
    }
    publish.duplicate = true;
    CHECK(mqtt_write_publish(out, sizeof out, &publish) == sizeof expected && out[0] == 0x3a);
    publish.packet_id = 0;
    CHECK(mqtt_write_publish(out, sizeof out, &publish) == 0);
    CHECK(mqtt_write_pingreq(out, sizeof out) == 2 && out[0] == 0xc0 && out[1] == 0);
    CHECK(mqtt_write_disconnect(out, sizeof out) == 2 && out[0] == 0xe0 && out[1] == 0);
    CHECK(mqtt_write_pingreq(out, 1) == 0);
}

static enum mqtt_result read_copy(const uint8_t *bytes, size_t length, struct mqtt_packet *packet, size_t *used) {
    uint8_t *copy = malloc(length > 0 ? length : 1); /* on the heap, so that a read beyond it is caught */
    if (copy == NULL) {
        exit(1);
    }
    memcpy(copy, bytes, length);
    enum mqtt_result result = mqtt_read(copy, length, packet, used);
    free(copy);
    return result;
}

static void answers_are_read(void) {
    static const uint8_t stream[] = {0x20, 2, 1, 0, 0x40, 2, 0x12, 0x34, 0xd0, 0, 0x20, 2, 0, 5};
    struct mqtt_packet packet;
    size_t used;
    CHECK(read_copy(stream, sizeof stream, &packet, &used) == MQTT_PACKET && used == 4);
    CHECK(packet.type == MQTT_CONNACK && packet.session_present && packet.return_code == 0);
    CHECK(read_copy(stream + 4, sizeof stream - 4, &packet, &used) == MQTT_PACKET && used == 4);
    CHECK(packet.type == MQTT_PUBACK && packet.packet_id == 0x1234);
    CHECK(read_copy(stream + 8, sizeof stream - 8, &packet, &used) == MQTT_PACKET && used == 2);
    CHECK(packet.type == MQTT_PINGRESP);
    CHECK(read_copy(stream + 10, 4, &packet, &used) == MQTT_PACKET);
    CHECK(packet.return_code == 5 && strcmp(mqtt_refusal(5), "not authorised") == 0);
    for (size_t length = 0; length < 4; length++) {
        CHECK(read_copy(stream, length, &packet, &used) == MQTT_MORE && used == 0);
    }
}

static void what_may_not_come_is_refused(void) {
    static const struct {
        size_t length;
        uint8_t bytes[6];
    } table[] = {
        {4, {0x20, 2, 2, 0}},                 /* CONNACK with a reserved bit */
        {4, {0x20, 2, 0, 6}},                 /* CONNACK with a reserved code */
        {4, {0x21, 2, 0, 0}},                 /* reserved flags of the fixed header */
        {4, {0x40, 2, 0, 0}},                 /* packet id 0 */
        {3, {0x40, 1, 7}},                    /* PUBACK too short */
        {2, {0x40, 3}},                       /* PUBACK too long */
        {3, {0xd0, 1, 0}},                    /* PINGRESP with a body */
        {4, {0x30, 2, 0, 0}},                 /* PUBLISH: we subscribed to nothing */
        {2, {0x00, 0}},                       /* type 0 is forbidden */
        {5, {0x40, 0x80, 0x80, 0x80, 0x80}},  /* five digits of remaining length */
        {5, {0x40, 0xff, 0xff, 0xff, 0x7f}},  /* 256 MiB: not waited for */
    };
    struct mqtt_packet packet;
    size_t used;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        CHECK(read_copy(table[i].bytes, table[i].length, &packet, &used) == MQTT_BAD);
    }
}

static void random_bytes_never_confuse_the_reader(void) {
    uint32_t seed = 20261124;
    for (int round = 0; round < 200000; round++) {
        uint8_t bytes[8];
        size_t length = 0;
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[i] = (uint8_t)(seed >> 24);
        }
        if (round % 2 == 0) {
            static const uint8_t likely[] = {0x20, 0x40, 0xd0};
            bytes[0] = likely[bytes[0] % 3];
            bytes[1] = (uint8_t)(bytes[1] % 4);
        }
        length = seed % (sizeof bytes + 1);
        struct mqtt_packet packet;
        size_t used;
        enum mqtt_result result = read_copy(bytes, length, &packet, &used);
        if (result == MQTT_PACKET && (used < 2 || used > length)) {
            CHECK(false);
        }
    }
    checks++;
}

static void add(struct ring *ring, uint64_t seq) { CHECK(ring_add(ring, seq, "{}", 2)); }

static uint64_t send_one(struct ring *ring, bool *duplicate, uint16_t *packet_id) {
    struct reading *reading = ring_next(ring);
    CHECK(reading != NULL);
    *duplicate = reading->sent_before;
    *packet_id = reading->packet_id;
    uint64_t seq = reading->seq;
    ring_sent(ring);
    return seq;
}

static void unacknowledged_readings_are_resent_in_order_with_their_ids(void) {
    struct reading slots[8];
    struct ring ring;
    bool duplicate;
    uint16_t ids[4], id;
    uint64_t seq;
    CHECK(ring_init(&ring, slots, 8));
    for (uint64_t i = 1; i <= 4; i++) {
        add(&ring, i);
    }
    for (uint64_t i = 1; i <= 3; i++) {
        CHECK(send_one(&ring, &duplicate, &ids[i]) == i && !duplicate && ids[i] == i);
    }
    CHECK(ring_acknowledge(&ring, ids[1], &seq) && seq == 1 && ring.count == 3);
    CHECK(!ring_acknowledge(&ring, ids[1], &seq)); /* a second PUBACK changes nothing */
    CHECK(!ring_acknowledge(&ring, 999, &seq));
    ring_rewind(&ring);
    CHECK(!ring_acknowledge(&ring, ids[2], &seq)); /* nothing is in flight on the new connection */
    CHECK(send_one(&ring, &duplicate, &id) == 2 && duplicate && id == ids[2]);
    CHECK(send_one(&ring, &duplicate, &id) == 3 && duplicate && id == ids[3]);
    CHECK(send_one(&ring, &duplicate, &id) == 4 && !duplicate && id == 4);
    CHECK(ring_next(&ring) == NULL);
}

static void an_acknowledgement_ahead_of_an_older_reading_counts_once(void) {
    struct reading slots[4];
    struct ring ring;
    bool duplicate;
    uint16_t first, second, id;
    uint64_t seq;
    CHECK(ring_init(&ring, slots, 4));
    add(&ring, 1);
    add(&ring, 2);
    send_one(&ring, &duplicate, &first);
    send_one(&ring, &duplicate, &second);
    CHECK(ring_acknowledge(&ring, second, &seq) && seq == 2 && ring.count == 2);
    CHECK(!ring_acknowledge(&ring, second, &seq));
    ring_rewind(&ring);
    CHECK(send_one(&ring, &duplicate, &id) == 1 && duplicate);
    CHECK(ring_next(&ring) == NULL); /* 2 is not sent again */
    CHECK(ring_acknowledge(&ring, first, &seq) && seq == 1 && ring.count == 0 && ring.in_flight == 0);
}

static void a_full_ring_overwrites_the_oldest_and_counts(void) {
    struct reading slots[3];
    struct ring ring;
    bool duplicate;
    uint16_t first, id;
    uint64_t seq;
    CHECK(!ring_init(&ring, slots, 0));
    CHECK(ring_init(&ring, slots, 3));
    add(&ring, 1);
    send_one(&ring, &duplicate, &first);
    for (uint64_t i = 2; i <= 5; i++) {
        add(&ring, i);
    }
    CHECK(ring.count == 3 && ring.overwritten == 2 && ring.in_flight == 0);
    CHECK(!ring_acknowledge(&ring, first, &seq)); /* 1 is gone */
    for (uint64_t i = 3; i <= 5; i++) {
        CHECK(send_one(&ring, &duplicate, &id) == i && id != first);
    }
    uint8_t large[RING_PAYLOAD_MAX + 1] = {0};
    CHECK(!ring_add(&ring, 6, large, sizeof large) && ring.count == 3);
}

static void packet_ids_skip_zero(void) {
    struct reading slots[2];
    struct ring ring;
    uint16_t id = 0;
    uint64_t seq;
    CHECK(ring_init(&ring, slots, 2));
    for (uint64_t i = 1; i <= 65536; i++) {
        ring_add(&ring, i, "", 0);
        struct reading *reading = ring_next(&ring);
        if (reading == NULL || reading->packet_id == 0) {
            CHECK(false);
        }
        id = reading->packet_id;
        ring_sent(&ring);
        ring_acknowledge(&ring, id, &seq);
    }
    CHECK(id == 1 && seq == 65536 && ring.count == 0);
}

int main(void) {
    remaining_length_is_as_in_table_2_4();
    connect_is_as_in_section_3_1();
    publish_is_as_in_section_3_3();
    answers_are_read();
    what_may_not_come_is_refused();
    random_bytes_never_confuse_the_reader();
    unacknowledged_readings_are_resent_in_order_with_their_ids();
    an_acknowledgement_ahead_of_an_older_reading_counts_once();
    a_full_ring_overwrites_the_oldest_and_counts();
    packet_ids_skip_zero();
    printf("node_test: %d checks passed\n", checks);
    return 0;
}
