/*
 * Makes fsync and fdatasync last at least SLOW_SYNC_MICROS (LD_PRELOAD), as on a card: the call is made, then waits.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int slow(const char *name, int file) {
    int (*call)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    const char *micros = getenv("SLOW_SYNC_MICROS");
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int result = call(file);
    until.tv_nsec += (micros ? atol(micros) : 0) * 1000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL)) {
    }
    return result;
}

int fsync(int file) {
    return slow("fsync", file);
}

int fdatasync(int file) {
    return slow("fdatasync", file);
}
