/* A wall clock that steps, for LD_PRELOAD: CLOCK_STEPS="700:3600 1400:-3600" puts it an hour forward 700 ms after the
   start and an hour back from true time 1.4 s after it. The monotonic clock goes on as it is. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static struct timespec start;

__attribute__((constructor)) static void begin(void) { syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &start); }

/* Seconds by which the clock is wrong now. */
static time_t wrong(void) {
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    long elapsed = (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000;
    const char *steps = getenv("CLOCK_STEPS");
    time_t by = 0;
    while (steps && *steps) {
        char *end;
        long at = strtol(steps, &end, 10);
        if (*end != ':') break;
        long step = strtol(end + 1, &end, 10);
        if (elapsed >= at) by = step;
        steps = *end ? end + 1 : end;
    }
    return by;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    long result = syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += wrong();
    return (int)result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *into) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (into) *into = now.tv_sec;
    return now.tv_sec;
}
