/*
 * The MQTT 3.1.1 packets that a publishing node needs, as bytes (OASIS MQTT 3.1.1, chapters 2 and 3). No I/O, no
 * allocation, no global state: every function works on buffers that the caller owns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TIDEGATE_MQTT_H
#define TIDEGATE_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mqtt_type { MQTT_CONNACK = 2, MQTT_PUBACK = 4, MQTT_PINGRESP = 13 };

struct mqtt_connect {
    const char *client_id;
    const char *user;     /* NULL: none */
    const char *password; /* NULL: none; only together with a user */
    uint16_t keep_alive_seconds;
    bool clean_session;
};

struct mqtt_publish {
    const char *topic;
    const uint8_t *payload;
    size_t payload_length;
    uint16_t packet_id; /* never 0 */
    bool duplicate;
};

/* A packet from the server. */
struct mqtt_packet {
    enum mqtt_type type;
    bool session_present; /* CONNACK */
    uint8_t return_code;  /* CONNACK, 0 = accepted */
    uint16_t packet_id;   /* PUBACK */
};

enum mqtt_result {
    MQTT_PACKET, /* one packet was read */
    MQTT_MORE,   /* what is there is the beginning of a packet */
    MQTT_BAD     /* the server broke the protocol: close the connection */
};

/* Writers return the number of bytes written, or 0 if the packet does not fit (then nothing was written). */
size_t mqtt_write_connect(uint8_t *out, size_t size, const struct mqtt_connect *connect);
/* QoS 1, not retained. */
size_t mqtt_write_publish(uint8_t *out, size_t size, const struct mqtt_publish *publish);
size_t mqtt_write_pingreq(uint8_t *out, size_t size);
size_t mqtt_write_disconnect(uint8_t *out, size_t size);

/* Looks at the first packet in the buffer. MQTT_PACKET: *packet is filled, *used bytes belong to it. */
enum mqtt_result mqtt_read(const uint8_t *in, size_t length, struct mqtt_packet *packet, size_t *used);

/* The Remaining Length of section 2.2.3: 1 to 4 bytes; returns how many, 0 if the value is too large or does not fit. */
size_t mqtt_write_length(uint8_t *out, size_t size, uint32_t value);

/* What a CONNACK return code means, for people. */
const char *mqtt_refusal(uint8_t return_code);

#endif
