/*
 * A sensor: takes a reading at a fixed pace, keeps it until the gateway has acknowledged it, and sends what was not
 * acknowledged again. One thread, one poll loop, nothing blocks but the look-up of the host's name.
 *
 *     DOWN --pause over--> OPENING --connected--> GREETING --CONNACK--> UP
 *       ^                     |                      |                  |
 *       +---------------------+-------- broken ------+------------------+
 *
 * Port it to other hardware by replacing link_send and link_receive (and what opens the link): see README.md.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _POSIX_C_SOURCE 200809L

#include "mqtt.h"
#include "options.h"
#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IN_FLIGHT_MAX 32
#define OPEN_TIMEOUT_MS 5000
#define BACKOFF_FIRST_MS 250

enum state { DOWN, OPENING, GREETING, UP };

struct node {
    struct options options;
    struct ring ring;
    FILE *ledger;
    enum state state;
    int fd;
    uint8_t out[4096];
    size_t out_used;
    uint8_t in[64];
    size_t in_used;
    int64_t state_since;
    int64_t retry_at;
    int64_t last_sent;
    int64_t last_acknowledged; /* or last time that nothing was in flight */
    int64_t ping_since;        /* 0: none is open */
    unsigned failures;
    uint64_t random;
    uint64_t taken;
    uint64_t acknowledged;
    uint64_t resent;
    uint64_t connections;
};

static volatile sig_atomic_t stopping = 0;

static void stop(int signal_number) {
    (void)signal_number;
    stopping = 1;
}

static int64_t now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* xorshift64*: good enough to keep devices from acting in step. */
static uint64_t random_next(struct node *node) {
    node->random ^= node->random >> 12;
    node->random ^= node->random << 25;
    node->random ^= node->random >> 27;
    return node->random * UINT64_C(2685821657736338717);
}

/* ---- The link: replace these for other hardware ---- */

/* Sends what it can without waiting. Returns how many bytes went out, 0: none just now, -1: the link is broken. */
static ptrdiff_t link_send(int fd, const uint8_t *bytes, size_t length) {
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    return sent >= 0 ? sent : (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? 0 : -1;
}

/* Receives what is there without waiting. Returns how many bytes came, 0: none just now, -1: the link is broken. */
static ptrdiff_t link_receive(int fd, uint8_t *bytes, size_t size) {
    ssize_t got = recv(fd, bytes, size, 0);
    return got > 0 ? got : got == 0 ? -1 : (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? 0 : -1;
}

/* Starts to connect; returns a descriptor that becomes writable when that has ended, or -1. */
static int link_open(const char *host, const char *port) {
    struct addrinfo hints;
    struct addrinfo *found = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        return -1;
    }
    int fd = -1;
    for (struct addrinfo *address = found; address != NULL && fd < 0; address = address->ai_next) {
        fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
        if (fd < 0) {
            continue;
        }
        int flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
            (connect(fd, address->ai_addr, address->ai_addrlen) < 0 && errno != EINPROGRESS)) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

static bool link_is_open(int fd) {
    int error = 0;
    socklen_t length = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0;
}

/* ---- The session ---- */

static void go(struct node *node, enum state state) {
    node->state = state;
    node->state_since = now_ms();
}

/* Ends the connection and plans the next one: a random pause of at most a limit that doubles with each failure. */
static void broken(struct node *node, const char *why) {
    int64_t limit = BACKOFF_FIRST_MS;
    for (unsigned i = 0; i < node->failures && limit < node->options.backoff_max_ms; i++) {
        limit *= 2;
    }
    if (limit > node->options.backoff_max_ms) {
        limit = node->options.backoff_max_ms;
    }
    if (!node->options.quiet && node->failures == 0) {
        fprintf(stderr, "%s: not connected: %s; %zu readings wait\n", node->options.device, why, node->ring.count);
    }
    if (node->fd >= 0) {
        close(node->fd);
        node->fd = -1;
    }
    node->failures++;
    node->out_used = 0;
    node->in_used = 0;
    node->ping_since = 0;
    ring_rewind(&node->ring);
    go(node, DOWN);
    node->retry_at = node->state_since + 1 + (int64_t)(random_next(node) % (uint64_t)limit);
}

static void greet(struct node *node) {
    const struct mqtt_connect connect = {
        .client_id = node->options.device,
        .user = node->options.user,
        .password = node->options.password,
        .keep_alive_seconds = (uint16_t)node->options.keep_alive_seconds,
        /* The session outlives the connection: a resend is a duplicate with its old packet id (section 4.4). */
        .clean_session = false,
    };
    node->out_used = mqtt_write_connect(node->out, sizeof node->out, &connect);
    if (node->out_used == 0) {
        broken(node, "user name or password is too long");
        return;
    }
    go(node, GREETING);
}

static void publish_waiting(struct node *node) {
    struct reading *reading;
    while (node->ring.in_flight < IN_FLIGHT_MAX && (reading = ring_next(&node->ring)) != NULL) {
        const struct mqtt_publish publish = {
            .topic = node->options.topic,
            .payload = reading->payload,
            .payload_length = reading->length,
            .packet_id = reading->packet_id,
            .duplicate = reading->sent_before,
        };
        size_t size =
            mqtt_write_publish(node->out + node->out_used, sizeof node->out - node->out_used, &publish);
        if (size == 0) {
            return; /* no room until more has been sent */
        }
        if (node->ring.in_flight == 0) {
            node->last_acknowledged = now_ms();
        }
        node->resent += reading->sent_before ? 1 : 0;
        node->out_used += size;
        ring_sent(&node->ring);
    }
}

static void keep_alive(struct node *node, int64_t now) {
    int64_t pace = node->options.keep_alive_seconds * 1000 / 2;
    if (node->ping_since != 0 && now - node->ping_since > pace) {
        broken(node, "no answer to a ping");
    } else if (node->ring.in_flight > 0 && now - node->last_acknowledged > node->options.ack_timeout_ms) {
        broken(node, "no acknowledgement");
    } else if (node->ping_since == 0 && now - node->last_sent >= pace) {
        size_t size = mqtt_write_pingreq(node->out + node->out_used, sizeof node->out - node->out_used);
        node->out_used += size;
        node->ping_since = size > 0 ? now : 0;
    }
}

static void acknowledged(struct node *node, uint16_t packet_id) {
    uint64_t seq = 0;
    if (!ring_acknowledge(&node->ring, packet_id, &seq)) {
        return; /* of a reading that was overwritten meanwhile */
    }
    node->acknowledged++;
    node->last_acknowledged = now_ms();
    if (node->ledger != NULL && (fprintf(node->ledger, "%s %llu\n", node->options.device, (unsigned long long)seq) < 0 ||
                                 fflush(node->ledger) != 0)) {
        fprintf(stderr, "tidegate-node: cannot write %s: %s\n", node->options.ledger, strerror(errno));
        exit(3);
    }
}

static void handle(struct node *node, const struct mqtt_packet *packet) {
    switch (packet->type) {
    case MQTT_CONNACK:
        if (node->state != GREETING) {
            broken(node, "an answer that nobody asked for");
        } else if (packet->return_code != 0) {
            broken(node, mqtt_refusal(packet->return_code));
        } else {
            node->failures = 0;
            node->connections++;
            go(node, UP);
            if (!node->options.quiet) {
                fprintf(stderr, "%s: connected; %zu readings wait\n", node->options.device, node->ring.count);
            }
        }
        break;
    case MQTT_PUBACK:
        acknowledged(node, packet->packet_id);
        break;
    case MQTT_PINGRESP:
        node->ping_since = 0;
        break;
    }
}

static void receive(struct node *node) {
    ptrdiff_t got = link_receive(node->fd, node->in + node->in_used, sizeof node->in - node->in_used);
    if (got < 0) {
        broken(node, "the connection was closed");
        return;
    }
    node->in_used += (size_t)got;
    size_t done = 0;
    while (node->state == GREETING || node->state == UP) {
        struct mqtt_packet packet;
        size_t used = 0;
        enum mqtt_result result = mqtt_read(node->in + done, node->in_used - done, &packet, &used);
        if (result == MQTT_BAD) {
            broken(node, "the server broke the protocol");
            return;
        }
        if (result == MQTT_MORE) {
            memmove(node->in, node->in + done, node->in_used - done);
            node->in_used -= done;
            return;
        }
        done += used;
        handle(node, &packet);
    }
}

static void send_waiting(struct node *node) {
    ptrdiff_t sent = link_send(node->fd, node->out, node->out_used);
    if (sent < 0) {
        broken(node, "the connection was lost");
    } else if (sent > 0) {
        memmove(node->out, node->out + sent, node->out_used - (size_t)sent);
        node->out_used -= (size_t)sent;
        node->last_sent = now_ms();
    }
}

/* One turn: waits at most until `until` for the link, then does what can be done. */
static void turn(struct node *node, int64_t until) {
    int64_t now = now_ms();
    if (node->state == DOWN && now >= node->retry_at) {
        node->fd = link_open(node->options.host, node->options.port);
        if (node->fd < 0) {
            broken(node, "cannot connect");
        } else {
            go(node, OPENING);
        }
    }
    if (node->state == UP) {
        publish_waiting(node);
    }
    struct pollfd wait = {.fd = node->fd, .events = 0};
    if (node->fd >= 0) {
        wait.events = (short)((node->state == OPENING || node->out_used > 0 ? POLLOUT : 0) |
                              (node->state == OPENING ? 0 : POLLIN));
    }
    int64_t wake = until < now + 100 ? until : now + 100; /* all other deadlines are coarse */
    if (node->state == DOWN && node->retry_at < wake) {
        wake = node->retry_at;
    }
    poll(&wait, node->fd >= 0 ? 1 : 0, wake > now ? (int)(wake - now) : 0);
    if (node->state == OPENING && wait.revents != 0) {
        if (link_is_open(node->fd)) {
            greet(node);
        } else {
            broken(node, "cannot connect");
        }
        return;
    }
    if ((node->state == GREETING || node->state == UP) && (wait.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
        receive(node);
    }
    if ((node->state == GREETING || node->state == UP) && node->out_used > 0) {
        send_waiting(node);
    }
    now = now_ms();
    if ((node->state == OPENING || node->state == GREETING) && now - node->state_since > OPEN_TIMEOUT_MS) {
        broken(node, "no answer");
    } else if (node->state == UP) {
        keep_alive(node, now);
    }
}

/* A made-up press: warms up from 20 to 72 degrees in two minutes' worth of readings and cools down again. */
static void take_reading(struct node *node) {
    char payload[RING_PAYLOAD_MAX];
    uint64_t seq = ++node->taken;
    unsigned phase = 0;
    for (const char *c = node->options.device; *c != '\0'; c++) {
        phase = phase * 31 + (unsigned char)*c;
    }
    unsigned step = (unsigned)((seq + phase) % 120);
    unsigned height = step < 60 ? step : 120 - step;                               /* 0 to 60 */
    unsigned hundredths = 2000 + height * 85 + (unsigned)(random_next(node) % 100); /* 20.00 to 71.99 */
    unsigned rpm = 1150 + (unsigned)(random_next(node) % 100);
    int length = snprintf(payload, sizeof payload, "{\"device\":\"%s\",\"seq\":%llu,\"temp\":%u.%02u,\"rpm\":%u}",
                          node->options.device, (unsigned long long)seq, hundredths / 100, hundredths % 100, rpm);
    if (length > 0 && (size_t)length < sizeof payload) {
        ring_add(&node->ring, seq, payload, (size_t)length);
    }
}

static void run(struct node *node) {
    const struct options *options = &node->options;
    int64_t next = now_ms();
    int64_t end = options->for_seconds == 0 ? INT64_MAX : next + options->for_seconds * 1000;
    while (!stopping && now_ms() < end && (options->count == 0 || node->taken < options->count)) {
        int64_t now = now_ms();
        if (now >= next) {
            take_reading(node);
            next += options->interval_ms;
            if (next <= now) {
                next = now + options->interval_ms; /* after a halt, go on at the pace, do not catch up */
            }
        }
        turn(node, next);
    }
    int64_t deadline = now_ms() + options->drain_seconds * 1000;
    while (node->ring.count > 0 && now_ms() < deadline) {
        turn(node, deadline);
    }
    if (node->state == UP) {
        node->out_used += mqtt_write_disconnect(node->out + node->out_used, sizeof node->out - node->out_used);
        send_waiting(node);
    }
    if (node->fd >= 0) {
        close(node->fd);
    }
}

int main(int argc, char **argv) {
    static struct node node; /* too large for a small stack */
    int exit_code;
    if (!options_read(&node.options, argc, argv, &exit_code)) {
        return exit_code;
    }
    size_t capacity = (size_t)node.options.buffer;
    struct reading *slots = calloc(capacity, sizeof *slots);
    if (slots == NULL || !ring_init(&node.ring, slots, capacity)) {
        fprintf(stderr, "tidegate-node: no memory for %zu readings\n", capacity);
        return 2;
    }
    if (node.options.ledger != NULL && (node.ledger = fopen(node.options.ledger, "a")) == NULL) {
        fprintf(stderr, "tidegate-node: cannot open %s: %s\n", node.options.ledger, strerror(errno));
        return 3;
    }
    node.fd = -1;
    node.random = (uint64_t)now_ms() * 2654435761u + (uint64_t)getpid() + 1;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = stop;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    run(&node);
    printf("%s: taken %llu, acknowledged %llu, waiting %zu, overwritten %llu, sent again %llu, connections %llu\n",
           node.options.device, (unsigned long long)node.taken, (unsigned long long)node.acknowledged,
           node.ring.count, (unsigned long long)node.ring.overwritten, (unsigned long long)node.resent,
           (unsigned long long)node.connections);
    if (node.ledger != NULL && fclose(node.ledger) != 0) {
        fprintf(stderr, "tidegate-node: cannot write %s: %s\n", node.options.ledger, strerror(errno));
        exit_code = 3;
    } else {
        exit_code = node.acknowledged == node.taken ? 0 : 1;
    }
    free(slots);
    return exit_code;
}
