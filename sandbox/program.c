/*
 * From a fork of the leader to a stranger's program: nothing of ours may get across. A pipe tells of a failed start, or by
 * its end that the program runs. The listener of the filter crosses by a pair of sockets that init makes once for all: a
 * pair of the leader's own would belong to the cell's network, where programs see it.
 */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cell.h"
#include "clock.h"
#include "descriptors.h"
#include "leader-exit.h"
#include "log.h"
#include "proc.h"
#include "seccomp.h"
#include "terminal.h"

/* Where the descriptor that tells of a failed start is put, and the one for the listener; they close when the program runs. */
enum { STATUS_FD = 3, HANDOVER_FD = 4 };

static int status_fd = -1;
static int handover[2] = {-1, -1};

static _Noreturn void fail(const char *call)
{
    struct start_error why = {.error = errno};
    snprintf(why.call, sizeof why.call, "%s", call);
    if (write(status_fd, &why, sizeof why) != sizeof why)
        _exit(126);
    _exit(127);
}

void program_prepare(void)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, handover) == 0)
        return;
    warn("socketpair: %s", strerror(errno));
    _exit(LEADER_FAULT);
}

/* Of the process, or of the calling one where it is 0. The container's own limits may be lower; those stay. */
static bool set_limit(pid_t pid, int resource, uint64_t soft, uint64_t hard)
{
    struct rlimit both = {.rlim_cur = soft, .rlim_max = hard}, container;
    if (getrlimit((__rlimit_resource_t)resource, &container) == 0 && container.rlim_max != RLIM_INFINITY) {
        if (both.rlim_max > container.rlim_max)
            both.rlim_max = container.rlim_max;
        if (both.rlim_cur > container.rlim_max)
            both.rlim_cur = container.rlim_max;
    }
    return prlimit(pid, (__rlimit_resource_t)resource, &both, NULL) == 0;
}

/* What a process has used, rounded up. */
static uint64_t cpu_seconds(pid_t pid)
{
    clockid_t clock;
    return clock_getcpuclockid(pid, &clock) == 0 ? clock_us(clock) / 1000000 + 1 : 0;
}

static bool limit_cpu(pid_t pid, const struct stage_plan *plan)
{
    /* The leader counts CPU time over all processes; this is for the one that escapes its notice. */
    uint64_t seconds = plan->cpu_ms / 1000 + 2 + (plan->apart ? cpu_seconds(pid) : 0);
    return set_limit(pid, RLIMIT_CPU, seconds, seconds + plan->grace_ms / 1000 + 1);
}

/*
 * The kernel counts these for the user who made the container too, which is one for all of them and for the machine's root: by
 * default a single job could take what there is. They are not limits of the container, since a runtime that sets those before it
 * makes the user namespace (crun does) makes them the most that all containers may have together.
 */
static const struct {
    int resource;
    uint64_t most;
} counted[] = {{RLIMIT_SIGPENDING, 1024}, {RLIMIT_MSGQUEUE, 128 << 10}, {RLIMIT_MEMLOCK, 64 << 10}};

/* What is prewarmed will be given its limits once they are known, which may be higher than these but not than the hard ones. */
static void limit(const struct stage_plan *plan, int resource, uint64_t value)
{
    if (!set_limit(0, resource, value, plan->prewarmed ? RLIM_INFINITY : value))
        fail("setrlimit");
}

static void set_limits(const struct stage_plan *plan)
{
    if (!plan->prewarmed && !limit_cpu(0, plan))
        fail("setrlimit");
    limit(plan, RLIMIT_FSIZE, plan->file_bytes);
    limit(plan, RLIMIT_NPROC, plan->processes);
    /* A program may raise its own stack; memory has a limit anyway. */
    if (!set_limit(0, RLIMIT_STACK, plan->stack_bytes, RLIM_INFINITY))
        fail("setrlimit");
    /* 0 still feeds a core_pattern that is a pipe, a program of the host; 1 does not, and is too small for a file. */
    if (!set_limit(0, RLIMIT_CORE, 1, 1))
        fail("setrlimit");
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        if (!set_limit(0, counted[i].resource, counted[i].most, counted[i].most))
            fail("setrlimit");
}

bool program_limit(pid_t pid, const struct stage_plan *plan)
{
    /* The kernel wants the other's user to be the real one of who asks. */
    bool done = setresgid(PROGRAM_GID, (gid_t)-1, (gid_t)-1) == 0 && setresuid(PROGRAM_UID, (uid_t)-1, (uid_t)-1) == 0 &&
                limit_cpu(pid, plan) && set_limit(pid, RLIMIT_FSIZE, plan->file_bytes, plan->file_bytes) &&
                set_limit(pid, RLIMIT_NPROC, plan->processes, plan->processes) &&
                set_limit(pid, RLIMIT_NOFILE, plan->open_files, plan->open_files);
    int error = errno;
    if (setresuid(0, (uid_t)-1, (uid_t)-1) < 0 || setresgid(0, (gid_t)-1, (gid_t)-1) < 0)
        _exit(LEADER_FAULT);
    errno = error;
    return done;
}

/* The kernel's killer shall take the program before the leader and init. */
static void offer_to_oom_killer(void)
{
    int fd = openat(proc_writable, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "1000", 4) != 4)
        fail("oom_score_adj");
    close(fd);
}

static const char *env_value(char *const *env, const char *name)
{
    size_t length = strlen(name);
    for (; *env; env++)
        if (strncmp(*env, name, length) == 0 && (*env)[length] == '=')
            return *env + length + 1;
    return NULL;
}

/* Executes the program; a name without a slash is looked up in PATH. The most telling error wins. */
static _Noreturn void execute(char *const *args, char *const *env)
{
    char path[4096];
    const char *next = strchr(args[0], '/') ? NULL : env_value(env, "PATH");
    int error = ENOENT;
    if (strchr(args[0], '/')) {
        execve(args[0], args, env);
        fail("execve");
    }
    while (next) {
        const char *end = strchrnul(next, ':');
        int n = snprintf(path, sizeof path, "%.*s/%s", (int)(end - next), next, args[0]);
        if (n > 0 && (size_t)n < sizeof path && end > next) {
            execve(path, args, env);
            if (errno != ENOENT && errno != ENOTDIR)
                error = errno;
        }
        next = *end ? end + 1 : NULL;
    }
    errno = error;
    fail("execve");
}

/*
 * A runtime that keeps others' code in bounds in its own process cannot do so where a load may guess past an earlier store.
 * Where the processor has no such fault, or the kernel no say in it, there is nothing to do.
 */
static void stop_store_bypass(void)
{
    if (prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_FORCE_DISABLE, 0, 0) < 0 && errno != ENODEV &&
        errno != ENXIO && errno != EINVAL && errno != EPERM)
        fail("speculation");
}

/*
 * Puts the filters on and gives its listener away. This happens as root, whom no process of a job can trace, and whose
 * descriptors under way a job cannot use up.
 */
static void enter_filter(void)
{
    int listener;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        fail("no_new_privs");
    if (!seccomp_enter(&listener))
        fail("seccomp");
    if (listener >= 0 && !send_descriptor(HANDOVER_FD, listener))
        fail("sendmsg");
    if (listener >= 0)
        close(listener);
    close(HANDOVER_FD);
}

static _Noreturn void become(const struct stage_plan *plan, const int streams[STREAMS], int status)
{
    /* Out of the way of 0 to 4 first: the descriptors may stand anywhere. */
    int moved[STREAMS];
    int sender = fcntl(handover[1], F_DUPFD, 10);
    status_fd = fcntl(status, F_DUPFD, 10);
    for (int i = 0; i < STREAMS; i++)
        moved[i] = fcntl(streams[i], F_DUPFD, 10);
    for (int i = 0; i < STREAMS; i++)
        if (dup2(moved[i], i) < 0)
            fail("dup2");
    if (dup3(status_fd, STATUS_FD, O_CLOEXEC) < 0)
        fail("dup3");
    status_fd = STATUS_FD;
    if (dup3(sender, HANDOVER_FD, O_CLOEXEC) < 0)
        fail("dup3");
    offer_to_oom_killer();
    if (close_range(HANDOVER_FD + 1, ~0u, 0) < 0)
        fail("close_range");
    if (setsid() < 0)
        fail("setsid");
    if (terminal_wanted(plan) && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
        fail("terminal");
    set_limits(plan);
    stop_store_bypass();
    enter_filter();
    /* Only now, since the listener needed a descriptor. */
    limit(plan, RLIMIT_NOFILE, plan->open_files);
    if (setgroups(0, NULL) < 0)
        fail("setgroups");
    if (setresgid(PROGRAM_GID, PROGRAM_GID, PROGRAM_GID) < 0)
        fail("setresgid");
    /* Leaving root empties every set of capabilities. */
    if (setresuid(PROGRAM_UID, PROGRAM_UID, PROGRAM_UID) < 0)
        fail("setresuid");
    umask(022);
    if (chdir("/job") < 0)
        fail("chdir");
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execute(plan->args, plan->env);
}

bool program_streams(const struct stage_plan *plan, int ours[STREAMS], int theirs[STREAMS])
{
    int pipes[STREAMS][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    if (terminal_wanted(plan)) {
        for (int i = 0; i < STREAMS; i++)
            ours[i] = theirs[i] = -1;
        files_as_program();
        bool opened = terminal_open(plan, ours, theirs);
        int why = errno;
        files_as_leader();
        errno = why;
        return opened;
    }
    files_as_program();
    bool made = pipe2(pipes[STREAM_OUT], O_CLOEXEC) == 0 && pipe2(pipes[STREAM_ERR], O_CLOEXEC) == 0 &&
                pipe2(pipes[STREAM_IN], O_CLOEXEC) == 0;
    int error = errno;
    files_as_leader();
    /* At its end, and not /dev/null, which cannot be waited for. */
    if (made && !plan->input) {
        close(pipes[STREAM_IN][1]);
        pipes[STREAM_IN][1] = -1;
    }
    for (int i = 0; i < STREAMS; i++) {
        ours[i] = pipes[i][i == STREAM_IN];
        theirs[i] = pipes[i][i != STREAM_IN];
        if (made && ours[i] >= 0 && fcntl(ours[i], F_SETFL, O_NONBLOCK) < 0) {
            error = errno;
            made = false;
        }
    }
    errno = error;
    return made;
}

pid_t program_start(const struct stage_plan *plan, const int streams[STREAMS], struct start_error *why, int *listener)
{
    int status[2];
    *listener = -1;
    if (pipe2(status, O_CLOEXEC) < 0) {
        *why = (struct start_error){.call = "pipe", .error = errno};
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0)
        become(plan, streams, status[1]);
    *why = (struct start_error){.call = "fork", .error = pid < 0 ? errno : 0};
    close(status[1]);
    if (pid > 0) {
        ssize_t n;
        do
            n = read(status[0], why, sizeof *why);
        while (n < 0 && errno == EINTR);
        if (n == 0)
            why->error = 0;
        *listener = receive_descriptor(handover[0]);
    }
    close(status[0]);
    return why->error ? -1 : pid;
}
