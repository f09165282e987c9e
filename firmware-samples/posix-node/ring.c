/* SPDX-License-Identifier: Apache-2.0 */
#include "ring.h"

#include <string.h>

#define CAPACITY_MAX 16384

static struct reading *at(struct ring *ring, size_t index) {
    return &ring->slots[(ring->first + index) % ring->capacity];
}

static void drop_oldest(struct ring *ring) {
    ring->first = (ring->first + 1) % ring->capacity;
    ring->count--;
    if (ring->in_flight > 0) {
        ring->in_flight--;
    }
}

/* Those that were acknowledged ahead of an older one go as soon as that one has gone. */
static void drop_acknowledged(struct ring *ring) {
    while (ring->count > 0 && at(ring, 0)->acknowledged) {
        drop_oldest(ring);
    }
}

bool ring_init(struct ring *ring, struct reading *slots, size_t capacity) {
    if (capacity < 1 || capacity > CAPACITY_MAX) {
        return false;
    }
    memset(ring, 0, sizeof *ring);
    ring->slots = slots;
    ring->capacity = capacity;
    return true;
}

bool ring_add(struct ring *ring, uint64_t seq, const void *payload, size_t length) {
    if (length > RING_PAYLOAD_MAX) {
        return false;
    }
    if (ring->count == ring->capacity) {
        drop_oldest(ring);
        ring->overwritten++;
        drop_acknowledged(ring);
    }
    struct reading *reading = at(ring, ring->count);
    memset(reading, 0, sizeof *reading);
    reading->seq = seq;
    reading->length = (uint16_t)length;
    memcpy(reading->payload, payload, length);
    ring->count++;
    return true;
}

struct reading *ring_next(struct ring *ring) {
    /* One that was acknowledged ahead of an older one before the connection broke is not sent again. */
    while (ring->in_flight < ring->count && at(ring, ring->in_flight)->acknowledged) {
        ring->in_flight++;
    }
    if (ring->in_flight == ring->count) {
        return NULL;
    }
    struct reading *reading = at(ring, ring->in_flight);
    if (reading->packet_id == 0) {
        ring->last_packet_id = (uint16_t)(ring->last_packet_id == 65535 ? 1 : ring->last_packet_id + 1);
        reading->packet_id = ring->last_packet_id;
    }
    return reading;
}

void ring_sent(struct ring *ring) {
    if (ring->in_flight < ring->count) {
        at(ring, ring->in_flight)->sent_before = true;
        ring->in_flight++;
    }
}

void ring_rewind(struct ring *ring) { ring->in_flight = 0; }

bool ring_acknowledge(struct ring *ring, uint16_t packet_id, uint64_t *seq) {
    for (size_t i = 0; i < ring->in_flight; i++) {
        struct reading *reading = at(ring, i);
        if (reading->packet_id == packet_id && !reading->acknowledged) {
            reading->acknowledged = true;
            *seq = reading->seq;
            drop_acknowledged(ring);
            return true;
        }
    }
    return false;
}
