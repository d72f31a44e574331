/* The counters of the container's cgroup. */
#ifndef RUNYARD_CGROUP_H
#define RUNYARD_CGROUP_H

#include <stdint.h>

/* Opens them; before any cell covers them. */
void cgroup_open(void);
/* 1 or 2: the cgroup version found; 0: none. */
int cgroup_version(void);
/* CPU time of everything in the container, in microseconds; -1 when there is no counter. */
int64_t cgroup_cpu_us(void);
/* Processes the kernel has killed for memory so far; -1 when there is no counter. */
int64_t cgroup_oom_kills(void);
/* Processes and threads in the container; -1 when there is no counter. */
int64_t cgroup_tasks(void);

#endif
