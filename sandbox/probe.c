/*
 * `init --probe NAME`: programs that break one limit each if the host lets them. A worker runs them as programs in a cell
 * when it starts, and refuses to work where one gets through.
 */
#include "probe.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Far above what any probe's container has. */
enum { MOST_PROCESSES = 4096, MOST_MEBIBYTES = 8192 };

/* Touches memory until it is killed; exit status 0 means that nobody did. */
static int probe_memory(void)
{
    for (int i = 0; i < MOST_MEBIBYTES; i++) {
        char *piece = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (piece == MAP_FAILED)
            return 1;
        memset(piece, 1, 1 << 20);
    }
    return 0;
}

/* Starts processes until one is refused, and prints how many there were, itself among them. */
static int probe_pids(void)
{
    int count = 1;
    while (count < MOST_PROCESSES) {
        pid_t pid = fork();
        if (pid < 0)
            break;
        if (pid == 0)
            for (;;)
                pause();
        count++;
    }
    printf("%d\n", count);
    fflush(stdout);
    return 0;
}

static _Noreturn void probe_spin(void)
{
    for (volatile unsigned long n = 0;; n++)
        ;
}

/* Sleeps and ignores the request to end. */
static _Noreturn void probe_sleep(void)
{
    signal(SIGTERM, SIG_IGN);
    for (;;)
        pause();
}

int probe(const char *name)
{
    if (strcmp(name, "memory") == 0)
        return probe_memory();
    if (strcmp(name, "pids") == 0)
        return probe_pids();
    if (strcmp(name, "spin") == 0)
        probe_spin();
    if (strcmp(name, "sleep") == 0)
        probe_sleep();
    fprintf(stderr, "init: no probe '%s'; there are memory, pids, spin, sleep\n", name);
    return 2;
}
