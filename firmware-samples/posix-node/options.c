/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char USAGE[] =
    "usage: tidegate-node --device NAME [options]\n"
    "  --host HOST            where the gateway listens (127.0.0.1)\n"
    "  --port PORT            its MQTT port (1883)\n"
    "  --topic TOPIC          {device} stands for the name (plant/{device}/reading)\n"
    "  --interval-ms N        time between two readings (1000)\n"
    "  --count N              readings to take, 0 = endless (0)\n"
    "  --for-seconds N        time to take readings, 0 = endless (0)\n"
    "  --drain-seconds N      time at the end to get the rest acknowledged (30)\n"
    "  --buffer N             readings kept while offline, 1 to 16384 (4096)\n"
    "  --keep-alive-seconds N MQTT keep-alive (30)\n"
    "  --backoff-max-ms N     longest pause before the next connection (5000)\n"
    "  --ack-timeout-ms N     without an acknowledgement for so long, connect anew (20000)\n"
    "  --ledger FILE          gets a line \"device seq\" per acknowledged reading\n"
    "  --quiet                print nothing but errors and the last line\n"
    "User and password: environment TIDEGATE_USER and TIDEGATE_PASSWORD.\n"
    "Exit code: 0 every reading was acknowledged, 1 some were not, 2 usage, 3 the ledger cannot be written.\n";

struct number {
    const char *name;
    int64_t *value;
    int64_t min;
    int64_t max;
};

static bool read_number(const struct number *number, const char *text) {
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < number->min || value > number->max) {
        fprintf(stderr, "tidegate-node: %s must be a number from %lld to %lld, found '%s'\n", number->name,
                (long long)number->min, (long long)number->max, text);
        return false;
    }
    *number->value = value;
    return true;
}

static bool fill_topic(struct options *options, const char *pattern) {
    const char *mark = strstr(pattern, "{device}");
    int written;
    if (strpbrk(pattern, "+#") != NULL || *pattern == '\0') {
        fprintf(stderr, "tidegate-node: --topic must not be empty or hold + or #, found '%s'\n", pattern);
        return false;
    }
    if (mark == NULL) {
        written = snprintf(options->topic, sizeof options->topic, "%s", pattern);
    } else {
        written = snprintf(options->topic, sizeof options->topic, "%.*s%s%s", (int)(mark - pattern), pattern,
                           options->device, mark + strlen("{device}"));
    }
    if (written < 0 || (size_t)written >= sizeof options->topic) {
        fprintf(stderr, "tidegate-node: the topic is longer than %d bytes\n", TOPIC_MAX - 1);
        return false;
    }
    return true;
}

/* The name goes into a topic level and, unescaped, into JSON. */
static bool is_device_name(const char *name) {
    size_t length = strlen(name);
    return length > 0 && length <= 64 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == length;
}

static const char **text_option(struct options *options, const char **topic, const char *name) {
    if (strcmp(name, "--host") == 0) {
        return &options->host;
    }
    if (strcmp(name, "--port") == 0) {
        return &options->port;
    }
    if (strcmp(name, "--device") == 0) {
        return &options->device;
    }
    if (strcmp(name, "--ledger") == 0) {
        return &options->ledger;
    }
    return strcmp(name, "--topic") == 0 ? topic : NULL;
}

/* Reads one option with its value; false if it is unknown or wrong. */
static bool read_option(struct options *options, const char **topic, const char *name, const char *value) {
    int64_t count = (int64_t)options->count;
    const struct number numbers[] = {
        {"--interval-ms", &options->interval_ms, 1, 86400000},
        {"--count", &count, 0, INT64_MAX},
        {"--for-seconds", &options->for_seconds, 0, 315360000},
        {"--drain-seconds", &options->drain_seconds, 0, 86400},
        {"--buffer", &options->buffer, 1, 16384},
        {"--keep-alive-seconds", &options->keep_alive_seconds, 2, 65535},
        {"--backoff-max-ms", &options->backoff_max_ms, 100, 3600000},
        {"--ack-timeout-ms", &options->ack_timeout_ms, 100, 3600000},
    };
    const char **text = text_option(options, topic, name);
    if (text != NULL) {
        *text = value;
        return true;
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            bool right = read_number(&numbers[i], value);
            options->count = (uint64_t)count;
            return right;
        }
    }
    fprintf(stderr, "tidegate-node: unknown option '%s'; --help lists them\n", name);
    return false;
}

bool options_read(struct options *options, int argc, char **argv, int *exit_code) {
    const char *topic = "plant/{device}/reading";
    *options = (struct options){
        .host = "127.0.0.1",
        .port = "1883",
        .user = getenv("TIDEGATE_USER"),
        .password = getenv("TIDEGATE_PASSWORD"),
        .interval_ms = 1000,
        .drain_seconds = 30,
        .buffer = 4096,
        .keep_alive_seconds = 30,
        .backoff_max_ms = 5000,
        .ack_timeout_ms = 20000,
    };
    *exit_code = 2;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(USAGE, stdout);
            *exit_code = 0;
            return false;
        }
        if (strcmp(argv[i], "--quiet") == 0) {
            options->quiet = true;
            continue;
        }
        if (i + 1 == argc) {
            fprintf(stderr, "tidegate-node: '%s' is unknown or needs a value; --help lists the options\n", argv[i]);
            return false;
        }
        if (!read_option(options, &topic, argv[i], argv[i + 1])) {
            return false;
        }
        i++;
    }
    if (options->device == NULL || !is_device_name(options->device)) {
        fprintf(stderr, "tidegate-node: --device NAME is needed: 1 to 64 of a-z A-Z 0-9 . _ -\n");
        return false;
    }
    return fill_topic(options, topic);
}
