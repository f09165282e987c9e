/*
 * The command line of the node.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TIDEGATE_OPTIONS_H
#define TIDEGATE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define TOPIC_MAX 256

struct options {
    const char *host;
    const char *port;
    const char *device;
    char topic[TOPIC_MAX]; /* with {device} filled in */
    const char *user;      /* TIDEGATE_USER, or NULL */
    const char *password;  /* TIDEGATE_PASSWORD, or NULL */
    const char *ledger;    /* NULL: none */
    int64_t interval_ms;
    uint64_t count;      /* 0: endless */
    int64_t for_seconds; /* 0: endless */
    int64_t drain_seconds;
    int64_t buffer; /* readings kept while offline */
    int64_t keep_alive_seconds;
    int64_t backoff_max_ms;
    int64_t ack_timeout_ms;
    bool quiet;
};

/* Prints what is wrong and returns false; -1 in *exit_code means: go on. */
bool options_read(struct options *options, int argc, char **argv, int *exit_code);

#endif
