/*
 * Which limits a stage has come to, of those whose refusals the kernel does not count: processes (EAGAIN), the job's file
 * system (ENOSPC, EFBIG), open files (EMFILE). A limit is called reached only where it was seen to be: as many tasks in the
 * container as the limit allows, no free byte or inode, a process with as many descriptors as it may have, one that died of
 * SIGXFSZ. So it is looked at: by a timer, since a thread that cannot be made wakes nobody; whenever the program has written
 * something, which may be its complaint; and when it has ended. What comes and goes between two looks is missed.
 *
 * The pids controller would count what it refuses, but a container has one such limit for all its jobs, and the kernel writes
 * a line into the machine's log at the first refusal.
 */
#include "reached.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cell.h"
#include "cgroup.h"
#include "clock.h"
#include "proc.h"

/* Counting descriptors walks /proc: it may take one part of so many of the time. */
enum { PAUSE_FACTOR = 50 };

static struct {
    bool processes, file_bytes, open_files;
    int64_t tasks_before; /* those that are not the stage's: init, its decoys, the leader */
    uint64_t next_count_us;
} reached;

void reached_begin(void)
{
    memset(&reached, 0, sizeof reached);
    reached.tasks_before = cgroup_tasks();
}

/* The descriptors of a process, 0 where that cannot be told. Since Linux 6.2 it is the folder's size. */
static uint64_t count_descriptors(int proc, const char *pid)
{
    char path[300];
    struct stat status;
    uint64_t count = 0;
    snprintf(path, sizeof path, "%s/fd", pid);
    if (fstatat(proc, path, &status, 0) < 0)
        return 0;
    if (status.st_size > 0)
        return (uint64_t)status.st_size;
    int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (!stream) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    for (struct dirent *entry; (entry = readdir(stream));)
        count += entry->d_name[0] != '.';
    closedir(stream);
    return count;
}

static bool descriptors_full(uint64_t limit)
{
    int fd = openat(proc_writable, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *proc = fd < 0 ? NULL : fdopendir(fd);
    bool full = false;
    if (!proc) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    /* The leader, 1, is not the program's. */
    for (struct dirent *entry; !full && (entry = readdir(proc));)
        if (atoi(entry->d_name) > 1)
            full = count_descriptors(fd, entry->d_name) >= limit;
    closedir(proc);
    return full;
}

static void look_at_descriptors(uint64_t limit)
{
    uint64_t began = clock_us(CLOCK_MONOTONIC);
    if (reached.open_files || began < reached.next_count_us)
        return;
    /* The kernel shows them to a process of the same user. */
    files_as_program();
    reached.open_files = descriptors_full(limit);
    files_as_leader();
    uint64_t ended = clock_us(CLOCK_MONOTONIC);
    reached.next_count_us = ended + PAUSE_FACTOR * (ended - began);
}

void reached_look(const struct stage_plan *plan)
{
    struct statfs space;
    if (plan->unobserved)
        return;
    int64_t tasks = reached.tasks_before < 0 ? -1 : cgroup_tasks() - reached.tasks_before;
    /* Where one is allowed there always is one, and nothing is seen of whether it wanted another. */
    reached.processes |= plan->processes > 1 && tasks > 0 && (uint64_t)tasks >= plan->processes;
    reached.file_bytes |= statfs("/job", &space) == 0 && (space.f_bfree == 0 || space.f_ffree == 0);
    look_at_descriptors(plan->open_files);
}

void reached_died(int status)
{
    reached.file_bytes |= WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ;
}

const char *reached_text(void)
{
    static char text[64];
    snprintf(text, sizeof text, "%s%s%s", reached.processes ? ",\"processes\"" : "",
             reached.file_bytes ? ",\"fileBytes\"" : "", reached.open_files ? ",\"openFiles\"" : "");
    return *text ? text + 1 : text;
}
