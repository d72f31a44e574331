/*
 * A process is STARTED, its streams are relayed, and when it has ended and what it wrote until then is relayed, its EXIT is told and
 * it is forgotten. What it leaves running goes on: its output is read and thrown away, or the next write would end it.
 *
 * Output that the worker has not acknowledged is bounded for each process, so one that writes without end waits, and no other.
 */
#include "agent-processes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "stage-plan.h"
#include "terminal.h"

enum { PIPE_READ = 65536, MOST_RECORDS = 1024, MOST_PIDS = 4096, TREE_ROUNDS = 8, MOST_SIGNAL = 64 };
enum { END_OF_TRANSMISSION = 4 };

struct process {
    bool used, terminal, exited;
    uint32_t id;
    pid_t pid;
    int status;
    uint64_t cpu_us, peak_bytes;
    int in, out, err;
    bool in_ends;
    uint8_t *input; /* AGENT_INPUT_WINDOW bytes, or NULL */
    size_t input_from, input_to, taken;
    uint64_t unacknowledged;
};

static struct process processes[AGENT_PROCESSES];
/* Output that nobody is told of any more. */
static int leftover[AGENT_PROCESSES];
static size_t next_leftover;
static int signals = -1;

void processes_prepare(void)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    signal(SIGPIPE, SIG_IGN);
    signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0)
        fault("no descriptors");
    for (size_t i = 0; i < AGENT_PROCESSES; i++)
        leftover[i] = -1;
}

static struct process *find(uint32_t id)
{
    for (size_t i = 0; i < AGENT_PROCESSES; i++)
        if (processes[i].used && processes[i].id == id)
            return &processes[i];
    return NULL;
}

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* --- start --- */

struct start {
    char *args[MOST_RECORDS + 1], *env[MOST_RECORDS + 1];
    size_t arg_count, env_count;
    const char *folder;
    bool input;
    struct stage_plan terminal;
};

static unsigned long number_in(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*end || end == text || value > 65535)
        fault("a record that is no number");
    return value;
}

/* The texts stay where they are, in the frame. */
static void read_start(struct reader request, struct start *start)
{
    memset(start, 0, sizeof *start);
    while (request.left > 0) {
        char *text = (char *)(uintptr_t)read_text(&request);
        switch ((enum agent_field)text[0]) {
        case AGENT_ARGUMENT:
            if (start->arg_count == MOST_RECORDS)
                fault("too many arguments");
            start->args[start->arg_count++] = text + 1;
            break;
        case AGENT_ENVIRONMENT:
            if (start->env_count == MOST_RECORDS)
                fault("too many variables");
            start->env[start->env_count++] = text + 1;
            break;
        case AGENT_FOLDER_FIELD: start->folder = text + 1; break;
        case AGENT_STDIN: start->input = text[1] == '1'; break;
        case AGENT_COLUMNS: start->terminal.columns = number_in(text + 1); break;
        case AGENT_ROWS: start->terminal.rows = number_in(text + 1); break;
        default: fault("an unknown record");
        }
    }
    if (start->arg_count == 0)
        fault("a process without arguments");
}

static bool open_streams(const struct start *start, int ours[STREAMS], int theirs[STREAMS])
{
    int pipes[STREAMS][2];
    for (int i = 0; i < STREAMS; i++)
        ours[i] = theirs[i] = pipes[i][0] = pipes[i][1] = -1;
    if (terminal_wanted(&start->terminal))
        return terminal_open(&start->terminal, ours, theirs);
    bool made = pipe2(pipes[STREAM_OUT], O_CLOEXEC) == 0 && pipe2(pipes[STREAM_ERR], O_CLOEXEC) == 0;
    if (made && start->input)
        made = pipe2(pipes[STREAM_IN], O_CLOEXEC) == 0;
    else if (made)
        made = (pipes[STREAM_IN][0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;
    for (int i = 0; i < STREAMS; i++) {
        ours[i] = pipes[i][i == STREAM_IN];
        theirs[i] = pipes[i][i != STREAM_IN];
        if (made && ours[i] >= 0 && fcntl(ours[i], F_SETFL, O_NONBLOCK) < 0)
            made = false;
    }
    return made;
}

static _Noreturn void become(const struct start *start, const int streams[STREAMS], int status)
{
    int moved[STREAMS], error;
    sigset_t none;
    bool ready = setsid() >= 0;
    status = fcntl(status, F_DUPFD_CLOEXEC, 10);
    for (int i = 0; i < STREAMS; i++)
        moved[i] = fcntl(streams[i], F_DUPFD_CLOEXEC, 10);
    for (int i = 0; i < STREAMS; i++)
        ready = ready && dup2(moved[i], i) >= 0;
    ready = ready && (!terminal_wanted(&start->terminal) || ioctl(STDIN_FILENO, TIOCSCTTY, 0) == 0);
    ready = ready && (!start->folder || chdir(start->folder) == 0);
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (ready) {
        environ = (char **)(uintptr_t)start->env;
        execvp(start->args[0], start->args);
    }
    error = errno;
    if (write(status, &error, sizeof error) != sizeof error)
        _exit(126);
    _exit(127);
}

/* -1 with errno. */
static pid_t launch(const struct start *start, const int streams[STREAMS])
{
    int status[2], error = 0;
    ssize_t n;
    if (pipe2(status, O_CLOEXEC) < 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0)
        become(start, streams, status[1]);
    if (pid < 0)
        error = errno;
    close(status[1]);
    do
        n = pid < 0 ? 0 : read(status[0], &error, sizeof error);
    while (n < 0 && errno == EINTR);
    close(status[0]);
    if (pid > 0 && error)
        waitpid(pid, NULL, 0);
    errno = error;
    return error ? -1 : pid;
}

void processes_start(uint32_t id, struct reader request)
{
    static struct start start;
    int ours[STREAMS], theirs[STREAMS];
    struct process *process = NULL;
    uint8_t number[4];
    read_start(request, &start);
    if (find(id))
        fault("a process that is there");
    for (size_t i = 0; i < AGENT_PROCESSES && !process; i++)
        if (!processes[i].used)
            process = &processes[i];
    if (!process) {
        send_failed(id, EAGAIN);
        return;
    }
    bool made = open_streams(&start, ours, theirs);
    pid_t pid = made ? launch(&start, theirs) : -1;
    int error = errno;
    for (int i = 0; i < STREAMS; i++)
        shut(&theirs[i]);
    if (pid < 0) {
        for (int i = 0; i < STREAMS; i++)
            shut(&ours[i]);
        send_failed(id, error ? error : EIO);
        return;
    }
    *process = (struct process){.used = true,
                                .terminal = terminal_wanted(&start.terminal),
                                .id = id,
                                .pid = pid,
                                .in = ours[STREAM_IN],
                                .out = ours[STREAM_OUT],
                                .err = ours[STREAM_ERR]};
    put_number(number, (uint64_t)pid, sizeof number);
    send_about(AGENT_STARTED, id, number, sizeof number);
}

/* --- its input --- */

static void forget_input(struct process *process)
{
    process->taken += process->input_to - process->input_from;
    process->input_from = process->input_to = 0;
    shut(&process->in);
}

static void feed(struct process *process)
{
    while (process->in >= 0 && process->input_from < process->input_to) {
        ssize_t n = write(process->in, process->input + process->input_from, process->input_to - process->input_from);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            forget_input(process);
            return;
        }
        process->input_from += (size_t)n;
        process->taken += (size_t)n;
    }
    process->input_from = process->input_to = 0;
    if (process->in_ends && process->in >= 0) {
        /* A terminal has no end of its own: it is typed. */
        const char end = END_OF_TRANSMISSION;
        if (process->terminal && write(process->in, &end, 1) < 0 && errno == EAGAIN)
            return;
        shut(&process->in);
    }
}

void processes_input(uint32_t id, struct reader request)
{
    struct process *process = find(id);
    if (!process)
        return;
    if (process->in < 0 || process->in_ends) {
        process->taken += request.left;
        return;
    }
    if (!process->input && !(process->input = malloc(AGENT_INPUT_WINDOW)))
        fault("no memory");
    size_t waiting = process->input_to - process->input_from;
    if (waiting + request.left > AGENT_INPUT_WINDOW)
        fault("more input than the window");
    if (process->input_to + request.left > AGENT_INPUT_WINDOW) {
        memmove(process->input, process->input + process->input_from, waiting);
        process->input_from = 0;
        process->input_to = waiting;
    }
    memcpy(process->input + process->input_to, request.at, request.left);
    process->input_to += request.left;
    feed(process);
}

void processes_input_end(uint32_t id)
{
    struct process *process = find(id);
    if (!process)
        return;
    process->in_ends = true;
    feed(process);
}

void processes_ack(uint32_t id, struct reader request)
{
    struct process *process = find(id);
    uint64_t count = read_number(&request, 4);
    if (!process)
        return;
    if (count > process->unacknowledged)
        fault("more output was taken than was sent");
    process->unacknowledged -= count;
}

void processes_resize(uint32_t id, struct reader request)
{
    struct process *process = find(id);
    uint64_t columns = read_number(&request, 2), rows = read_number(&request, 2);
    if (process && process->terminal && process->out >= 0)
        terminal_resize(process->out, columns, rows);
}

/* --- signals --- */

struct relation {
    pid_t pid, parent, session;
    bool chosen;
};

/* What /proc tells of a process; false when it has gone. */
static bool relation_of(int proc, const char *name, struct relation *relation)
{
    char path[64], text[512], *after;
    int parent, group, session;
    char *end;
    long pid = strtol(name, &end, 10);
    if (*end || pid <= 0)
        return false;
    snprintf(path, sizeof path, "%ld/stat", pid);
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return false;
    text[n] = 0;
    after = strrchr(text, ')');
    if (!after || sscanf(after + 1, " %*c %d %d %d", &parent, &group, &session) != 3)
        return false;
    *relation = (struct relation){.pid = (pid_t)pid, .parent = parent, .session = session};
    return true;
}

/* Signals a process, all of its session and all that descend from it. @returns how many there were */
static size_t signal_tree(pid_t root, int number)
{
    static struct relation all[MOST_PIDS];
    size_t count = 0, chosen = 0;
    DIR *proc = opendir("/proc");
    if (!proc) {
        kill(-root, number);
        return 0;
    }
    for (struct dirent *entry; count < MOST_PIDS && (entry = readdir(proc));)
        if (relation_of(dirfd(proc), entry->d_name, &all[count]))
            count++;
    closedir(proc);
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < count; i++) {
            bool belongs = all[i].pid == root || all[i].session == root;
            for (size_t j = 0; j < count && !belongs; j++)
                belongs = all[j].chosen && all[j].pid == all[i].parent;
            if (all[i].chosen || !belongs)
                continue;
            more = all[i].chosen = true;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (all[i].chosen && all[i].pid > 1 && all[i].pid != getpid() && kill(all[i].pid, number) == 0)
            chosen++;
    return chosen;
}

void processes_signal(uint32_t id, struct reader request)
{
    struct process *process = find(id);
    int number = (int)read_number(&request, 1);
    bool tree = read_number(&request, 1) == AGENT_TO_TREE;
    if (number < 1 || number > MOST_SIGNAL)
        fault("no signal");
    if (!process)
        return;
    if (tree) {
        /* Again for those that were being born. Those that have died and are not waited for can still be signalled. */
        for (int round = 0; round < (number == SIGKILL ? TREE_ROUNDS : 1); round++)
            if (signal_tree(process->pid, number) <= 1)
                break;
        return;
    }
    pid_t group = process->terminal && process->out >= 0 ? terminal_foreground(process->out) : -1;
    kill(-(group > 0 ? group : process->pid), number);
}

/* --- its output and its end --- */

static bool may_read(const struct process *process)
{
    return process->unacknowledged + PIPE_READ <= AGENT_OUTPUT_WINDOW && transport_room() >= PIPE_READ + 4;
}

/* Relays one piece. @returns whether there may be more now */
static bool relay(struct process *process, int *fd, enum agent_frame type)
{
    if (*fd < 0 || !may_read(process))
        return false;
    uint8_t *at = transport_reserve(PIPE_READ + 4);
    ssize_t n = read(*fd, at + 4, PIPE_READ);
    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0) {
        /* Of a terminal this is one of two descriptors. */
        shut(fd);
        return false;
    }
    put_number(at, process->id, 4);
    transport_commit((enum frame_type)type, (size_t)n + 4);
    process->unacknowledged += (uint64_t)n;
    return true;
}

static void leave(int *fd)
{
    if (*fd < 0)
        return;
    shut(&leftover[next_leftover]);
    leftover[next_leftover] = *fd;
    next_leftover = (next_leftover + 1) % AGENT_PROCESSES;
    *fd = -1;
}

/* Tells of the end of a process, once all that it wrote was relayed. */
static void finish(struct process *process)
{
    uint8_t end[18];
    if (!process->exited)
        return;
    while (relay(process, &process->out, AGENT_STDOUT))
        ;
    while (relay(process, &process->err, AGENT_STDERR))
        ;
    if ((process->out >= 0 || process->err >= 0) && !may_read(process))
        return;
    if (transport_room() < 64)
        return;
    bool exited = WIFEXITED(process->status);
    end[0] = exited ? AGENT_EXITED : AGENT_SIGNALLED;
    end[1] = (uint8_t)(exited ? WEXITSTATUS(process->status) : WTERMSIG(process->status));
    put_number(end + 2, process->cpu_us, 8);
    put_number(end + 10, process->peak_bytes, 8);
    send_about(AGENT_EXIT, process->id, end, sizeof end);
    shut(&process->in);
    leave(&process->out);
    leave(&process->err);
    free(process->input);
    *process = (struct process){.used = false};
}

static uint64_t us_of(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

static void reap(struct process *process)
{
    struct rusage usage;
    if (!process->used || process->exited || wait4(process->pid, &process->status, WNOHANG, &usage) != process->pid)
        return;
    process->exited = true;
    process->cpu_us = us_of(usage.ru_utime) + us_of(usage.ru_stime);
    process->peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
    forget_input(process);
}

static void tell_taken(struct process *process)
{
    uint8_t count[4];
    if (process->taken == 0 || transport_room() < 64)
        return;
    put_number(count, process->taken, sizeof count);
    send_about(AGENT_TAKEN, process->id, count, sizeof count);
    process->taken = 0;
}

/* --- the poll loop's part --- */

static struct pollfd *streams_of(struct pollfd polled[PROCESSES_POLLED], size_t process)
{
    return polled + 1 + 3 * process;
}

void processes_poll(struct pollfd polled[PROCESSES_POLLED])
{
    polled[0] = (struct pollfd){.fd = signals, .events = POLLIN};
    for (size_t i = 0; i < AGENT_PROCESSES; i++) {
        const struct process *process = &processes[i];
        struct pollfd *streams = streams_of(polled, i);
        bool reads = process->used && may_read(process);
        bool writes = process->used && process->in >= 0 && (process->input_from < process->input_to || process->in_ends);
        streams[STREAM_IN] = (struct pollfd){.fd = writes ? process->in : -1, .events = POLLOUT};
        streams[STREAM_OUT] = (struct pollfd){.fd = reads ? process->out : -1, .events = POLLIN};
        streams[STREAM_ERR] = (struct pollfd){.fd = reads ? process->err : -1, .events = POLLIN};
        polled[1 + 3 * AGENT_PROCESSES + i] = (struct pollfd){.fd = leftover[i], .events = POLLIN};
    }
}

static void drop_leftover(int *fd)
{
    static uint8_t nothing[PIPE_READ];
    ssize_t n = read(*fd, nothing, sizeof nothing);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        shut(fd);
}

void processes_serve(const struct pollfd polled[PROCESSES_POLLED])
{
    struct signalfd_siginfo told;
    while (read(signals, &told, sizeof told) == sizeof told)
        ;
    for (size_t i = 0; i < AGENT_PROCESSES; i++) {
        struct process *process = &processes[i];
        const struct pollfd *streams = polled + 1 + 3 * i;
        if (leftover[i] >= 0 && polled[1 + 3 * AGENT_PROCESSES + i].fd == leftover[i] &&
            polled[1 + 3 * AGENT_PROCESSES + i].revents)
            drop_leftover(&leftover[i]);
        if (!process->used)
            continue;
        if (streams[STREAM_OUT].revents)
            relay(process, &process->out, AGENT_STDOUT);
        if (streams[STREAM_ERR].revents)
            relay(process, &process->err, AGENT_STDERR);
        if (streams[STREAM_IN].revents)
            feed(process);
        reap(process);
        tell_taken(process);
        finish(process);
    }
}
