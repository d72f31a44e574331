/*
 * PID 1 of a Runyard sandbox.
 *
 * THEORY OF OPERATION
 *
 * A sandbox is a container whose only processes of ours are these:
 *
 *   init     PID 1 of the container. Covers what no job may see, then makes one leader after another and waits for each.
 *            It handles nothing that a program has made: no frame, no output, no path. Root of the container's user
 *            namespace, with the container's few capabilities.
 *   leader   One for each job, forked from init into PID, mount, IPC, UTS, network and cgroup namespaces of its own:
 *            the cell. It sets the cell up, says that it stands ready, and from then on it is the worker's partner on
 *            standard input and output until the job ends (leader.c). Once the job has begun it keeps two
 *            capabilities: SETUID and SETGID.
 *   program  One process tree for each stage, forked by the leader: an unprivileged user, no capability, no_new_privs,
 *            resource limits, a system call filter, nothing but its three streams (program.c, seccomp.c).
 *            The kernel tells the leader of the ways out that it tries (seccomp-notify.c). The first may be started before
 *            its job is there, and waits for it then (prewarm.c). That of a session is init itself, as its agent (agent.c); one that
 *            may reach something of the network has init beside it, as its relay (relay.c).
 *   decoy    A few, forked from init, that sleep. What a program held when it was killed for memory is given back a little
 *            after the kernel has ceased to wait for that. Who asks for memory in between, normally the leader, makes it
 *            kill once more: it takes a decoy then, before the leader and init.
 *
 * The end of a job is the end of its leader: the kernel kills everything in the PID namespace before the leader can be
 * waited for, and takes mounts, IPC objects and sockets with it. There is nothing to clean up and nothing to forget.
 * Init then makes the next leader, which says `Z` when its cell stands. Leaders read exactly the frames of their cell, so
 * the next one finds the stream at the right place. A job may go on in the next cell, with a copy of its folder (snapshot.c).
 *
 * Standard input and output are the container's, by way of its engine, or a socket of the worker (transport.c) where it has one to
 * show: then neither the engine nor who looks after the container for it has a part in what is said.
 *
 * When standard input ends, the worker is gone: the leader exits, init exits, and with it the container. A leader that
 * ends in any other way than by finishing its job has failed, or was killed for memory; the stream may then stand in the
 * middle of a frame, so init exits too and the worker makes another sandbox.
 *
 *   worker <--stdin/stdout--> leader <--pipes, seccomp-notify--> program
 *                  ^            |
 *                  +-- init --clone3
 *
 * LAYERS, of which each calls what stands below it and nothing above (tests/sandbox/layers.test.ts):
 *
 *   init
 *   leader agent relay
 *   prewarm agent-processes agent-files agent-watches
 *   stage agent-tree
 *   container snapshot artifacts program reached processes
 *   records
 *   cell input seccomp terminal
 *   seccomp-notify
 *   proc
 *   store cgroup instructions descriptors allowed probe agent-frames
 *   transport
 *   log
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent-protocol.h"
#include "agent.h"
#include "cell.h"
#include "cgroup.h"
#include "container.h"
#include "leader-exit.h"
#include "leader.h"
#include "log.h"
#include "probe.h"
#include "program.h"
#include "protocol.h"
#include "relay.h"
#include "seccomp.h"
#include "snapshot.h"
#include "transport.h"

enum { DECOYS = 2, DECOY_PAUSE_US = 100000 };
/* Less than a program's. */
#define DECOY_SCORE "900"

static _Noreturn void usage(void)
{
    warn("usage: init [--bytes=N] [--inodes=N] [" OPTION_TRANSPORT "] [" OPTION_DEVICES "] | init " OPTION_AGENT " | init " OPTION_RELAY " PORT SOCKET COMMAND... | init --probe memory|pids|spin|sleep");
    exit(2);
}

static bool option(const char *arg, const char *name, uint64_t *value)
{
    size_t length = strlen(name);
    char *end;
    if (strncmp(arg, name, length) != 0)
        return false;
    *value = strtoull(arg + length, &end, 10);
    if (*end || *value == 0)
        usage();
    return true;
}

static struct cell_size parse_options(int argc, char **argv, bool *transport, bool *devices)
{
    struct cell_size size = {.bytes = 64 << 20, .inodes = 16384};
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], OPTION_TRANSPORT) == 0)
            *transport = true;
        else if (strcmp(argv[i], OPTION_DEVICES) == 0)
            *devices = true;
        else if (!option(argv[i], "--bytes=", &size.bytes) && !option(argv[i], "--inodes=", &size.inodes))
            usage();
    return size;
}

/* None is delivered, and none is ignored either: programs would inherit that from whoever started the container. */
static void block_signals(void)
{
    sigset_t all;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

/* Never returns. Holds nothing: the worker takes the end of the streams for the end of the sandbox. */
static _Noreturn void decoy(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY);
    if (fd < 0 || write(fd, DECOY_SCORE, strlen(DECOY_SCORE)) < 0)
        warn("oom_score_adj: %s", strerror(errno));
    close_range(0, ~0U, 0);
    for (;;)
        pause();
}

static pid_t decoys[DECOYS];

static void make_decoys(void)
{
    for (int i = 0; i < DECOYS; i++) {
        if (decoys[i] > 0)
            continue;
        decoys[i] = fork();
        if (decoys[i] == 0)
            decoy();
        if (decoys[i] < 0)
            warn("fork: %s", strerror(errno));
    }
}

/* If it was one, there is another when the memory is given back; made at once it would want some that is not there. */
static void decoy_ended(pid_t pid)
{
    for (int i = 0; i < DECOYS; i++) {
        if (decoys[i] != pid)
            continue;
        decoys[i] = 0;
        usleep(DECOY_PAUSE_US);
        make_decoys();
    }
}

/* Forks into the namespaces of a new cell. */
static pid_t make_leader(const struct cell_size *size, bool first)
{
    struct clone_args args = {
        .flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP,
        .exit_signal = SIGCHLD,
    };
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0)
        leader(size, first);
    return pid;
}

/* The leader's exit status; LEADER_FAULT when it was killed. */
static int wait_for(pid_t pid)
{
    int status;
    for (;;) {
        pid_t ended = waitpid(-1, &status, 0);
        if (ended == pid)
            break;
        if (ended < 0 && errno != EINTR)
            return LEADER_FAULT;
        if (ended > 0)
            decoy_ended(ended);
    }
    if (WIFSIGNALED(status))
        warn("the leader was killed by signal %d", WTERMSIG(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : LEADER_FAULT;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--probe") == 0)
        return probe(argv[2]);
    if (argc == 2 && strcmp(argv[1], OPTION_AGENT) == 0)
        return agent();
    if (argc > 4 && strcmp(argv[1], OPTION_RELAY) == 0)
        return relay(argv[2], argv[3], argv + 4);
    bool transport = false, devices = false;
    struct cell_size size = parse_options(argc, argv, &transport, &devices);
    block_signals();
    if (transport)
        transport_connect();
    cgroup_open();
    program_prepare();
    snapshot_prepare();
    container_prepare(transport, devices);
    seccomp_prepare();
    make_decoys();
    transport_open();
    for (bool first = true;; first = false) {
        pid_t pid = make_leader(&size, first);
        if (pid < 0) {
            warn("clone3: %s", strerror(errno));
            return 1;
        }
        int how = wait_for(pid);
        if (how == LEADER_EOF)
            return 0;
        if (how == LEADER_NEXT)
            snapshot_take();
        else if (how == LEADER_QUIT)
            snapshot_drop();
        else
            return 1;
    }
}
