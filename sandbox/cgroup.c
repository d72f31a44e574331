/* The counters of the container's own cgroup, which it can read but not change; v1 and v2 name them differently. */
#include "cgroup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct counter {
    const char *path;
    const char *key; /* the word before the number; NULL: the file is the number */
    int64_t divisor; /* what makes its unit ours */
    int version;
};

static const struct counter cpu_counters[] = {
    {"/sys/fs/cgroup/cpu.stat", "usage_usec", 1, 2},
    {"/sys/fs/cgroup/cpuacct/cpuacct.usage", NULL, 1000, 1},
    {"/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage", NULL, 1000, 1},
};
static const struct counter oom_counters[] = {
    {"/sys/fs/cgroup/memory.events", "oom_kill", 1, 2},
    {"/sys/fs/cgroup/memory/memory.oom_control", "oom_kill", 1, 1},
};
static const struct counter task_counters[] = {
    {"/sys/fs/cgroup/pids.current", NULL, 1, 2},
    {"/sys/fs/cgroup/pids/pids.current", NULL, 1, 1},
};

static int cpu_fd = -1, oom_fd = -1, task_fd = -1;
static const struct counter *cpu_counter, *oom_counter, *task_counter;

static int64_t read_counter(int fd, const struct counter *counter)
{
    char text[1024];
    ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
    if (n <= 0)
        return -1;
    text[n] = 0;
    if (!counter->key)
        return (int64_t)strtoull(text, NULL, 10) / counter->divisor;
    size_t length = strlen(counter->key);
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        if (*line == '\n')
            line++;
        if (strncmp(line, counter->key, length) == 0 && line[length] == ' ')
            return (int64_t)strtoull(line + length, NULL, 10) / counter->divisor;
    }
    return -1;
}

static int open_counter(const struct counter *counters, size_t count, const struct counter **found)
{
    for (size_t i = 0; i < count; i++) {
        int fd = open(counters[i].path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && read_counter(fd, &counters[i]) >= 0) {
            *found = &counters[i];
            return fd;
        }
        if (fd >= 0)
            close(fd);
    }
    return -1;
}

void cgroup_open(void)
{
    cpu_fd = open_counter(cpu_counters, sizeof cpu_counters / sizeof *cpu_counters, &cpu_counter);
    oom_fd = open_counter(oom_counters, sizeof oom_counters / sizeof *oom_counters, &oom_counter);
    task_fd = open_counter(task_counters, sizeof task_counters / sizeof *task_counters, &task_counter);
}

int cgroup_version(void)
{
    return cpu_counter ? cpu_counter->version : 0;
}

int64_t cgroup_cpu_us(void)
{
    return read_counter(cpu_fd, cpu_counter);
}

int64_t cgroup_oom_kills(void)
{
    return read_counter(oom_fd, oom_counter);
}

int64_t cgroup_tasks(void)
{
    return read_counter(task_fd, task_counter);
}
