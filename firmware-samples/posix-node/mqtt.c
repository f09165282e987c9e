/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt.h"

#include <string.h>

#define LENGTH_MAX 268435455u /* section 2.2.3 */
#define STRING_MAX 65535u     /* section 1.5.3 */

/* An output buffer that remembers that it was too small. */
struct writer {
    uint8_t *out;
    size_t size;
    size_t used;
    bool overflow;
};

static void put_bytes(struct writer *w, const void *bytes, size_t length) {
    if (w->overflow || length > w->size - w->used) {
        w->overflow = true;
        return;
    }
    if (length > 0) {
        memcpy(w->out + w->used, bytes, length);
    }
    w->used += length;
}

static void put_byte(struct writer *w, uint8_t value) { put_bytes(w, &value, 1); }

static void put_short(struct writer *w, uint16_t value) {
    put_byte(w, (uint8_t)(value >> 8));
    put_byte(w, (uint8_t)(value & 0xff));
}

static void put_string(struct writer *w, const char *text) {
    size_t length = strlen(text);
    if (length > STRING_MAX) {
        w->overflow = true;
        return;
    }
    put_short(w, (uint16_t)length);
    put_bytes(w, text, length);
}

size_t mqtt_write_length(uint8_t *out, size_t size, uint32_t value) {
    size_t used = 0;
    if (value > LENGTH_MAX) {
        return 0;
    }
    do {
        if (used == size) {
            return 0;
        }
        uint8_t digit = (uint8_t)(value & 0x7f);
        value >>= 7;
        out[used++] = (uint8_t)(digit | (value > 0 ? 0x80 : 0));
    } while (value > 0);
    return used;
}

static void put_header(struct writer *w, uint8_t first, size_t remaining) {
    uint8_t length[4];
    size_t digits = remaining > LENGTH_MAX ? 0 : mqtt_write_length(length, sizeof length, (uint32_t)remaining);
    if (digits == 0) {
        w->overflow = true;
        return;
    }
    put_byte(w, first);
    put_bytes(w, length, digits);
}

static size_t finish(const struct writer *w) { return w->overflow ? 0 : w->used; }

size_t mqtt_write_connect(uint8_t *out, size_t size, const struct mqtt_connect *connect) {
    struct writer w = {out, size, 0, false};
    bool user = connect->user != NULL;
    bool password = user && connect->password != NULL;
    size_t remaining = 10 + 2 + strlen(connect->client_id);
    remaining += user ? 2 + strlen(connect->user) : 0;
    remaining += password ? 2 + strlen(connect->password) : 0;
    put_header(&w, 0x10, remaining);
    put_string(&w, "MQTT");
    put_byte(&w, 4); /* protocol level of 3.1.1 */
    put_byte(&w, (uint8_t)((user ? 0x80 : 0) | (password ? 0x40 : 0) | (connect->clean_session ? 0x02 : 0)));
    put_short(&w, connect->keep_alive_seconds);
    put_string(&w, connect->client_id);
    if (user) {
        put_string(&w, connect->user);
    }
    if (password) {
        put_string(&w, connect->password);
    }
    return finish(&w);
}

size_t mqtt_write_publish(uint8_t *out, size_t size, const struct mqtt_publish *publish) {
    struct writer w = {out, size, 0, false};
    if (publish->packet_id == 0 || publish->payload_length > LENGTH_MAX) {
        return 0;
    }
    put_header(&w, (uint8_t)(0x30 | 0x02 | (publish->duplicate ? 0x08 : 0)),
               2 + strlen(publish->topic) + 2 + publish->payload_length);
    put_string(&w, publish->topic);
    put_short(&w, publish->packet_id);
    put_bytes(&w, publish->payload, publish->payload_length);
    return finish(&w);
}

size_t mqtt_write_pingreq(uint8_t *out, size_t size) {
    struct writer w = {out, size, 0, false};
    put_header(&w, 0xc0, 0);
    return finish(&w);
}

size_t mqtt_write_disconnect(uint8_t *out, size_t size) {
    struct writer w = {out, size, 0, false};
    put_header(&w, 0xe0, 0);
    return finish(&w);
}

/* The body is complete: length bytes from body. */
static enum mqtt_result read_body(uint8_t first, const uint8_t *body, uint32_t length, struct mqtt_packet *packet) {
    switch (first) {
    case 0x20: /* CONNACK, section 3.2: reserved bits are 0, return codes 0 to 5 */
        if (length != 2 || (body[0] & 0xfe) != 0 || body[1] > 5) {
            return MQTT_BAD;
        }
        packet->type = MQTT_CONNACK;
        packet->session_present = body[0] == 1;
        packet->return_code = body[1];
        return MQTT_PACKET;
    case 0x40: /* PUBACK, section 3.4 */
        if (length != 2) {
            return MQTT_BAD;
        }
        packet->type = MQTT_PUBACK;
        packet->packet_id = (uint16_t)((body[0] << 8) | body[1]);
        return packet->packet_id == 0 ? MQTT_BAD : MQTT_PACKET;
    case 0xd0: /* PINGRESP, section 3.13 */
        packet->type = MQTT_PINGRESP;
        return length == 0 ? MQTT_PACKET : MQTT_BAD;
    default: /* this node subscribes to nothing, so nothing else may come */
        return MQTT_BAD;
    }
}

enum mqtt_result mqtt_read(const uint8_t *in, size_t length, struct mqtt_packet *packet, size_t *used) {
    uint32_t remaining = 0;
    size_t at = 1;
    memset(packet, 0, sizeof *packet);
    *used = 0;
    for (unsigned shift = 0;; shift += 7) {
        if (at >= length) {
            return MQTT_MORE;
        }
        uint8_t digit = in[at++];
        remaining |= (uint32_t)(digit & 0x7f) << shift;
        if ((digit & 0x80) == 0) {
            break;
        }
        if (shift == 21) {
            return MQTT_BAD; /* more than four digits */
        }
    }
    if (remaining > 2) {
        return MQTT_BAD; /* no packet that may come is longer: do not wait for it */
    }
    if (length - at < remaining) {
        return MQTT_MORE;
    }
    *used = at + remaining;
    return read_body(in[0], in + at, remaining, packet);
}

const char *mqtt_refusal(uint8_t return_code) {
    static const char *const texts[] = {"accepted", "protocol version not supported", "client id rejected",
                                        "server unavailable", "bad user name or password", "not authorised"};
    return return_code < sizeof texts / sizeof texts[0] ? texts[return_code] : "unknown return code";
}
