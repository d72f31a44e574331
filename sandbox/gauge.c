/* The counters of the container's own cgroup, which it can read but not change; v1 and v2 name them differently. */
#include "sandbox.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct gauge {
    const char *path;
    const char *key; /* the word before the number; NULL: the file is the number */
    int64_t divisor; /* what makes its unit ours */
    int version;
};

static const struct gauge cpu_gauges[] = {
    {"/sys/fs/cgroup/cpu.stat", "usage_usec", 1, 2},
    {"/sys/fs/cgroup/cpuacct/cpuacct.usage", NULL, 1000, 1},
    {"/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage", NULL, 1000, 1},
};
static const struct gauge oom_gauges[] = {
    {"/sys/fs/cgroup/memory.events", "oom_kill", 1, 2},
    {"/sys/fs/cgroup/memory/memory.oom_control", "oom_kill", 1, 1},
};
static const struct gauge task_gauges[] = {
    {"/sys/fs/cgroup/pids.current", NULL, 1, 2},
    {"/sys/fs/cgroup/pids/pids.current", NULL, 1, 1},
};

static int cpu_fd = -1, oom_fd = -1, task_fd = -1;
static const struct gauge *cpu_gauge, *oom_gauge, *task_gauge;

static int64_t gauge_read(int fd, const struct gauge *gauge)
{
    char text[1024];
    ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
    if (n <= 0)
        return -1;
    text[n] = 0;
    if (!gauge->key)
        return (int64_t)strtoull(text, NULL, 10) / gauge->divisor;
    size_t length = strlen(gauge->key);
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        if (*line == '\n')
            line++;
        if (strncmp(line, gauge->key, length) == 0 && line[length] == ' ')
            return (int64_t)strtoull(line + length, NULL, 10) / gauge->divisor;
    }
    return -1;
}

static int gauge_open(const struct gauge *gauges, size_t count, const struct gauge **found)
{
    for (size_t i = 0; i < count; i++) {
        int fd = open(gauges[i].path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && gauge_read(fd, &gauges[i]) >= 0) {
            *found = &gauges[i];
            return fd;
        }
        if (fd >= 0)
            close(fd);
    }
    return -1;
}

void gauges_open(void)
{
    cpu_fd = gauge_open(cpu_gauges, sizeof cpu_gauges / sizeof *cpu_gauges, &cpu_gauge);
    oom_fd = gauge_open(oom_gauges, sizeof oom_gauges / sizeof *oom_gauges, &oom_gauge);
    task_fd = gauge_open(task_gauges, sizeof task_gauges / sizeof *task_gauges, &task_gauge);
}

int gauge_version(void)
{
    return cpu_gauge ? cpu_gauge->version : 0;
}

int64_t gauge_cpu_us(void)
{
    return gauge_read(cpu_fd, cpu_gauge);
}

int64_t gauge_oom_kills(void)
{
    return gauge_read(oom_fd, oom_gauge);
}

int64_t gauge_tasks(void)
{
    return gauge_read(task_fd, task_gauge);
}
