/* From a fork of the leader to a stranger's program: nothing of ours may get across. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the descriptor that tells of a failed start is put; it closes itself when the program runs. */
enum { STATUS_FD = 3 };

static int status_fd = -1;

static _Noreturn void fail(const char *call)
{
    struct start_error why = {.error = errno};
    snprintf(why.call, sizeof why.call, "%s", call);
    if (write(status_fd, &why, sizeof why) != sizeof why)
        _exit(126);
    _exit(127);
}

static void limit(int resource, uint64_t soft, uint64_t hard)
{
    struct rlimit both = {.rlim_cur = soft, .rlim_max = hard}, now;
    /* The container's own limits may be lower; those cannot be raised and need not be. */
    if (getrlimit((__rlimit_resource_t)resource, &now) == 0 && now.rlim_max != RLIM_INFINITY) {
        if (both.rlim_max > now.rlim_max)
            both.rlim_max = now.rlim_max;
        if (both.rlim_cur > now.rlim_max)
            both.rlim_cur = now.rlim_max;
    }
    if (setrlimit((__rlimit_resource_t)resource, &both) < 0)
        fail("setrlimit");
}

static void set_limits(const struct stage *stage)
{
    /* Init counts CPU time over all processes; this is for the one that escapes its notice. */
    uint64_t seconds = stage->cpu_ms / 1000 + 2;
    limit(RLIMIT_CPU, seconds, seconds + stage->grace_ms / 1000 + 1);
    limit(RLIMIT_FSIZE, stage->file_bytes, stage->file_bytes);
    limit(RLIMIT_NOFILE, stage->open_files, stage->open_files);
    limit(RLIMIT_NPROC, stage->processes, stage->processes);
    limit(RLIMIT_STACK, stage->stack_bytes, stage->stack_bytes);
    /* 0 still feeds a core_pattern that is a pipe, a program of the host; 1 does not, and is too small for a file. */
    limit(RLIMIT_CORE, 1, 1);
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

static _Noreturn void become(const struct stage *stage, const int streams[3], int status)
{
    /* Out of the way of 0 to 3 first: the descriptors may stand anywhere. */
    int moved[3];
    status_fd = fcntl(status, F_DUPFD, 10);
    for (int i = 0; i < 3; i++)
        moved[i] = fcntl(streams[i], F_DUPFD, 10);
    for (int i = 0; i < 3; i++)
        if (dup2(moved[i], i) < 0)
            fail("dup2");
    if (dup3(status_fd, STATUS_FD, O_CLOEXEC) < 0)
        fail("dup3");
    status_fd = STATUS_FD;
    offer_to_oom_killer();
    if (close_range(STATUS_FD + 1, ~0u, 0) < 0)
        fail("close_range");
    if (setsid() < 0)
        fail("setsid");
    set_limits(stage);
    if (setgroups(0, NULL) < 0)
        fail("setgroups");
    if (setresgid(PROGRAM_GID, PROGRAM_GID, PROGRAM_GID) < 0)
        fail("setresgid");
    /* Leaving root empties every set of capabilities. */
    if (setresuid(PROGRAM_UID, PROGRAM_UID, PROGRAM_UID) < 0)
        fail("setresuid");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        fail("no_new_privs");
    umask(022);
    if (chdir("/job") < 0)
        fail("chdir");
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (!seccomp_enter())
        fail("seccomp");
    execute(stage->args, stage->env);
}

pid_t program_start(const struct stage *stage, const int streams[3], struct start_error *why)
{
    int status[2];
    if (pipe2(status, O_CLOEXEC) < 0) {
        *why = (struct start_error){.call = "pipe", .error = errno};
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0)
        become(stage, streams, status[1]);
    *why = (struct start_error){.call = "fork", .error = pid < 0 ? errno : 0};
    close(status[1]);
    if (pid > 0) {
        ssize_t n;
        do
            n = read(status[0], why, sizeof *why);
        while (n < 0 && errno == EINTR);
        if (n == 0)
            why->error = 0;
    }
    close(status[0]);
    return why->error ? -1 : pid;
}
