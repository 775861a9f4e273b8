/* Preloaded into one process: counts the moments at which something becomes durable or leaves (fsync, send) or
   comes back (recv), kills the process with SIGKILL at a chosen one, and shifts the wall clock.

   TORTURE_KILL_AT=N      die at the N-th of them; unset or 0: never
   TORTURE_AFTER=1        die after it was done instead of before
   TORTURE_COUNT_FILE=F   write how many there were to F when the process ends by itself
   TORTURE_CLOCK_S=S      the wall clock is S seconds later (a whole number, may be negative)
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static atomic_long counted;
static long kill_at, clock_s;
static int after;
static const char *count_file;

static long number(const char *name) {
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void begin(void) {
    kill_at = number("TORTURE_KILL_AT");
    clock_s = number("TORTURE_CLOCK_S");
    after = number("TORTURE_AFTER") != 0;
    count_file = getenv("TORTURE_COUNT_FILE");
}

__attribute__((destructor)) static void finish(void) {
    FILE *file = count_file ? fopen(count_file, "w") : NULL;
    if (file) {
        fprintf(file, "%ld\n", atomic_load(&counted));
        fclose(file);
    }
}

static int chosen(void) { return atomic_fetch_add(&counted, 1) + 1 == kill_at; }

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

#define AROUND(call)                    \
    int now = chosen();                 \
    if (now && !after) die();           \
    __typeof__(call) result = (call);   \
    if (now) die();                     \
    return result

#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))

int fsync(int fd) { AROUND(REAL(int (*)(int), "fsync")(fd)); }

int fdatasync(int fd) { AROUND(REAL(int (*)(int), "fdatasync")(fd)); }

ssize_t send(int fd, const void *data, size_t size, int flags) {
    AROUND(REAL(ssize_t (*)(int, const void *, size_t, int), "send")(fd, data, size, flags));
}

ssize_t recv(int fd, void *data, size_t size, int flags) {
    AROUND(REAL(ssize_t (*)(int, void *, size_t, int), "recv")(fd, data, size, flags));
}

int clock_gettime(clockid_t which, struct timespec *found) {
    int result = REAL(int (*)(clockid_t, struct timespec *), "clock_gettime")(which, found);
    if (result == 0 && which == CLOCK_REALTIME) found->tv_sec += clock_s;
    return result;
}

time_t time(time_t *found) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (found) *found = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict found, void *restrict zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    found->tv_sec = now.tv_sec;
    found->tv_usec = now.tv_nsec / 1000;
    return 0;
}
