/*
 * The readings that are not yet acknowledged, oldest first, in a fixed number of slots: what a node keeps while it is
 * offline. When it is full, the oldest reading is overwritten and counted.
 *
 *     oldest                                          newest
 *     | sent, not acknowledged | waiting to be sent   |
 *     0                        in_flight              count
 *
 * Not thread-safe. No I/O; the memory is the caller's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TIDEGATE_RING_H
#define TIDEGATE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_PAYLOAD_MAX 192

struct reading {
    uint64_t seq;       /* the node's own number of this reading */
    uint16_t packet_id; /* given when it is sent first, kept for every resend */
    bool sent_before;   /* on an earlier connection: the next time is a duplicate */
    bool acknowledged;  /* out of order: an older one is still open */
    uint16_t length;
    uint8_t payload[RING_PAYLOAD_MAX];
};

struct ring {
    struct reading *slots;
    size_t capacity;
    size_t first; /* slot of the oldest */
    size_t count;
    size_t in_flight;
    uint16_t last_packet_id;
    uint64_t overwritten;
};

/* Capacity 1 to 16384, far fewer than packet ids, so that an id is free again long before it is needed. */
bool ring_init(struct ring *ring, struct reading *slots, size_t capacity);

/* Adds the newest reading; false if the payload is too long. */
bool ring_add(struct ring *ring, uint64_t seq, const void *payload, size_t length);

/* The next reading to send, or NULL. ring_sent says that it is on its way. */
struct reading *ring_next(struct ring *ring);
void ring_sent(struct ring *ring);

/* The connection is gone: everything in flight is sent again, in order, with its old packet id. */
void ring_rewind(struct ring *ring);

/* Takes a PUBACK: true and the reading's number if it was in flight; false if no reading waits for it. */
bool ring_acknowledge(struct ring *ring, uint16_t packet_id, uint64_t *seq);

#endif
