/*
 * A stage goes RUNNING (the program lives), DRAINING (it has ended, or never began; the rest of its processes die, what
 * they wrote is still relayed), and its report is sent when no process is left and both pipes are empty. Whatever ends a
 * stage first is its reason.
 */
#include "stage.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "input.h"
#include "instructions.h"
#include "processes.h"
#include "program.h"
#include "reached.h"
#include "records.h"
#include "seccomp-notify.h"
#include "terminal.h"

enum { READ_SIZE = 65536, REPORT_SIZE = 1024 + NOTIFIED_SIZE };
enum { CPU_CHECK_MIN_US = 5000, REACHED_CHECK_US = 20000 };
enum { MOST_PROCESSORS = 1 << 16, REAPED_PER_TURN = 256 };

static struct {
    int signals, wall, cpu, reached;
} timers = {-1, -1, -1, -1};

static struct {
    enum stage_phase phase;
    struct start_error error; /* why this or the next stage does not start */
    struct stage_plan plan;
    pid_t program;
    int out, err;
    const char *reason;
    bool grace; /* SIGTERM is sent, the wall timer now counts the grace */
    bool truncated, children;
    bool unreaped; /* there may be processes that have ended */
    int status;
    uint64_t began_us, wall_us, relayed_out, relayed_err;
    int64_t cpu_began_us, own_began_us, oom_began;
    int64_t peak_bytes;
} stage = {.program = -1, .out = -1, .err = -1};

enum stage_phase stage_phase(void)
{
    return stage.phase;
}

pid_t stage_program(void)
{
    return stage.program;
}

void stage_refuse(const char *call, int error)
{
    if (stage.error.error)
        return;
    snprintf(stage.error.call, sizeof stage.error.call, "%s", call);
    stage.error.error = error;
}

bool stage_refused(void)
{
    return stage.error.error != 0;
}

/* --- timers --- */

void stage_prepare(void)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    timers.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    timers.wall = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    timers.cpu = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    timers.reached = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timers.signals < 0 || timers.wall < 0 || timers.cpu < 0 || timers.reached < 0)
        fault("no descriptors");
}

/* 0 stops it. */
static void set_timer(int timer, uint64_t us)
{
    struct itimerspec at = {.it_value = {.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000}};
    if (timer == timers.reached)
        at.it_interval = at.it_value;
    timerfd_settime(timer, 0, &at, NULL);
}

static bool timer_fired(int timer)
{
    uint64_t times;
    return read(timer, &times, sizeof times) == sizeof times;
}

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Of the stage there is nothing any more but its report. */
static void shut_streams(void)
{
    input_close();
    shut(&stage.out);
    shut(&stage.err);
}

/* --- its end --- */

/* Ends the running stage for this reason, unless another came first. */
static void stop(const char *reason, bool at_once)
{
    if (stage.phase != STAGE_RUNNING)
        return;
    if (!stage.reason)
        stage.reason = reason;
    if (at_once || stage.plan.grace_ms == 0) {
        signal_all(SIGKILL);
        return;
    }
    if (stage.grace)
        return;
    stage.grace = true;
    signal_all(SIGTERM);
    /* A stopped process would not see it. */
    signal_all(SIGCONT);
    set_timer(timers.wall, stage.plan.grace_ms * 1000);
}

void stage_kill(void)
{
    /* Asked again, or while a limit's grace runs: whoever asks will not wait. */
    stop("kill", stage.grace);
}

/* Who runs in the foreground of the terminal, or else the program's group. */
void stage_signal(int number)
{
    if (stage.phase != STAGE_RUNNING)
        return;
    pid_t group = terminal_wanted(&stage.plan) && stage.out >= 0 ? terminal_foreground(stage.out) : -1;
    signal_process(-(group > 0 ? group : stage.program), number);
}

void stage_resize(uint64_t columns, uint64_t rows)
{
    if (stage.phase == STAGE_RUNNING && terminal_wanted(&stage.plan) && stage.out >= 0)
        terminal_resize(stage.out, columns, rows);
}

/* --- its CPU time --- */

static int64_t own_cpu_us(void)
{
    return (int64_t)clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

static void count_cpu_from_here(void)
{
    stage.cpu_began_us = cgroup_cpu_us();
    stage.own_began_us = own_cpu_us();
}

static int64_t cpu_used_us(void)
{
    int64_t used = cgroup_cpu_us() - stage.cpu_began_us - (own_cpu_us() - stage.own_began_us);
    return used > 0 ? used : 0;
}

/* Those the cell may run on, however many the machine has; all there could be when the kernel does not say. */
static int processors(void)
{
    for (int most = CPU_SETSIZE; most <= MOST_PROCESSORS; most *= 2) {
        cpu_set_t *cpus = CPU_ALLOC((size_t)most);
        size_t size = CPU_ALLOC_SIZE((size_t)most);
        bool known = cpus && sched_getaffinity(0, size, cpus) == 0;
        int count = known ? CPU_COUNT_S(size, cpus) : 0;
        CPU_FREE(cpus);
        if (count > 0)
            return count;
    }
    return MOST_PROCESSORS;
}

/* The earliest moment at which the limit can be met, were all processors at it. */
static void set_cpu_timer(int64_t used_us)
{
    int64_t wait = ((int64_t)stage.plan.cpu_ms * 1000 - used_us) / processors();
    set_timer(timers.cpu, (uint64_t)(wait > CPU_CHECK_MIN_US ? wait : CPU_CHECK_MIN_US));
}

/* At once: what a grace gave it would be CPU time beyond the limit, on every processor. */
static void check_cpu(void)
{
    int64_t used = cpu_used_us();
    if (used >= (int64_t)stage.plan.cpu_ms * 1000)
        stop("cpu", true);
    else
        set_cpu_timer(used);
}

/* The work is the stage's doing, so it counts as its CPU time. */
static void answer_notifications(void)
{
    int64_t before = own_cpu_us();
    notify_answer();
    stage.own_began_us += own_cpu_us() - before;
}

/* --- its processes --- */

static void program_ended(int status)
{
    /* Those that live on may be what keeps a limit reached. */
    reached_look(&stage.plan);
    stage.status = status;
    stage.wall_us = clock_us(CLOCK_MONOTONIC) - stage.began_us;
    if (!stage.reason)
        stage.reason = "exit";
    stage.phase = STAGE_DRAINING;
    set_timer(timers.wall, 0);
    set_timer(timers.cpu, 0);
    set_timer(timers.reached, 0);
    input_close();
    signal_all(SIGKILL);
}

/* Nothing more is written then. The pipes need not have ended: a descriptor under way in a socket may hold one open. */
static bool all_dead(void)
{
    return stage.phase == STAGE_DRAINING && !stage.children;
}

/*
 * Takes in processes that have ended: the program, and all the orphans of the cell. Some at a time, since there may be new ones as
 * fast as they are taken in; of those that are left no signal tells again.
 */
static void reap(void)
{
    struct rusage usage;
    int status, left = REAPED_PER_TURN;
    pid_t pid = 0;
    while (left > 0 && (pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
        left--;
        if ((int64_t)usage.ru_maxrss * 1024 > stage.peak_bytes)
            stage.peak_bytes = (int64_t)usage.ru_maxrss * 1024;
        reached_died(status);
        if (pid == stage.program && stage.phase == STAGE_RUNNING)
            program_ended(status);
        else if (pid == stage.program)
            stage.program = -1;
    }
    stage.unreaped = left == 0;
    stage.children = !(pid < 0 && errno == ECHILD);
    if (all_dead())
        clear_ipc();
    /* One that was being born when the others were killed. */
    if (stage.phase == STAGE_DRAINING && stage.children)
        signal_all(SIGKILL);
}

/* --- its streams --- */

static bool room_for_output(void)
{
    return transport_room() >= READ_SIZE;
}

/*
 * Relays one piece of output, up to the limit; what comes after it is read and dropped until the program is dead. Whether
 * the end of a program or the reading of its last words comes first is chance: too much output is the reason in both.
 */
static void relay(int *fd, enum frame_type type, uint64_t *relayed)
{
    if (*fd < 0 || !room_for_output())
        return;
    if (stage.phase == STAGE_RUNNING)
        reached_look(&stage.plan);
    ssize_t n = read(*fd, transport_reserve(READ_SIZE), READ_SIZE);
    if (n < 0 && (errno == EINTR || (errno == EAGAIN && !all_dead())))
        return;
    if (n <= 0) {
        shut(fd);
        return;
    }
    uint64_t left = stage.plan.output_bytes - stage.relayed_out - stage.relayed_err;
    size_t kept = (uint64_t)n < left ? (size_t)n : (size_t)left;
    if (kept > 0)
        transport_commit(type, kept);
    *relayed += kept;
    if (kept < (size_t)n && !stage.truncated) {
        stage.truncated = true;
        if (stage.phase == STAGE_DRAINING && strcmp(stage.reason, "exit") == 0)
            stage.reason = "output";
        stop("output", true);
    }
}

static void relay_output(void)
{
    relay(&stage.out, FRAME_STDOUT, &stage.relayed_out);
}

static void relay_errors(void)
{
    relay(&stage.err, FRAME_STDERR, &stage.relayed_err);
}

/* --- its report --- */

static void send_report(void)
{
    char text[REPORT_SIZE], refused[NOTIFIED_SIZE], exit_code[16] = "null", number[16] = "null", error[160] = "null",
         counted[24] = "null";
    bool started = strcmp(stage.reason, "start") != 0;
    if (started && WIFEXITED(stage.status))
        snprintf(exit_code, sizeof exit_code, "%d", WEXITSTATUS(stage.status));
    if (started && WIFSIGNALED(stage.status))
        snprintf(number, sizeof number, "%d", WTERMSIG(stage.status));
    if (!started)
        snprintf(error, sizeof error, "{\"call\":\"%s\",\"errno\":%d,\"message\":\"%s\"}", stage.error.call,
                 stage.error.error, strerror(stage.error.error));
    int64_t instructions = started ? instructions_used() : INSTRUCTIONS_UNKNOWN;
    if (instructions != INSTRUCTIONS_UNKNOWN)
        snprintf(counted, sizeof counted, "%" PRId64, instructions);
    instructions_end();
    notify_end(refused, sizeof refused);
    int64_t kills = cgroup_oom_kills() - stage.oom_began;
    int n = snprintf(text, sizeof text,
                     "{\"reason\":\"%s\",\"exitCode\":%s,\"signal\":%s,\"wallUs\":%" PRIu64 ",\"cpuUs\":%" PRId64
                     ",\"instructions\":%s,\"memoryPeakBytes\":%" PRId64 ",\"oomKills\":%" PRId64 ",\"stdoutBytes\":%" PRIu64
                     ",\"stderrBytes\":%" PRIu64 ",\"truncated\":%s,\"error\":%s,\"reached\":[%s],\"refusedCalls\":[%s]}",
                     stage.reason, exit_code, number, stage.wall_us, started ? cpu_used_us() : 0, counted, stage.peak_bytes,
                     kills > 0 ? kills : 0, stage.relayed_out, stage.relayed_err, stage.truncated ? "true" : "false",
                     error, reached_text(), refused);
    /* What is taken but not told yet belonged to this stage: told after its report it would be a frame out of turn. */
    input_forget();
    transport_send(FRAME_DONE, text, (size_t)n);
    stage.program = -1;
    stage.error.error = 0;
    stage.phase = STAGE_NONE;
}

void stage_finish(void)
{
    if (!all_dead())
        return;
    relay_output();
    relay_errors();
    if (stage.out < 0 && stage.err < 0 && transport_room() >= REPORT_SIZE)
        send_report();
}

/* --- its beginning --- */

void stage_plan(struct frame *from, const char **fifo)
{
    const struct start_error error = stage.error;
    const bool unreaped = stage.unreaped;
    memset(&stage, 0, sizeof stage);
    stage.error = error;
    stage.unreaped = unreaped;
    stage.out = stage.err = stage.program = -1;
    input_begin(-1, false);
    records_stage(from, &stage.plan, fifo);
    reached_begin();
    stage.oom_began = cgroup_oom_kills();
    count_cpu_from_here();
}

bool stage_apart(void)
{
    return stage.plan.apart;
}

bool stage_launch(bool prewarmed, struct start_error *why)
{
    int ours[STREAMS], theirs[STREAMS], listener = -1;
    stage.plan.prewarmed = prewarmed;
    bool made = program_streams(&stage.plan, ours, theirs);
    input_begin(ours[STREAM_IN], terminal_wanted(&stage.plan));
    stage.out = ours[STREAM_OUT];
    stage.err = ours[STREAM_ERR];
    instructions_begin();
    if (made)
        stage.program = program_start(&stage.plan, theirs, why, &listener);
    else if (terminal_wanted(&stage.plan))
        *why = (struct start_error){.call = "terminal", .error = errno};
    else
        *why = (struct start_error){.call = "pipe", .error = errno};
    for (int i = 0; i < STREAMS; i++)
        shut(&theirs[i]);
    notify_begin(listener);
    if (stage.program < 0)
        shut_streams();
    stage.children = stage.program >= 0;
    /* The program has copies of its lists. */
    plan_free(&stage.plan);
    return stage.children;
}

static void begin_limits(int64_t cpu_us)
{
    stage.phase = STAGE_RUNNING;
    set_timer(timers.wall, stage.plan.wall_ms * 1000);
    /* A stage that waits for days would wake the leader fifty times a second. */
    set_timer(timers.reached, stage.plan.unobserved ? 0 : REACHED_CHECK_US);
    set_cpu_timer(cpu_us);
}

void stage_start(struct frame *from)
{
    stage_plan(from, NULL);
    stage.began_us = clock_us(CLOCK_MONOTONIC);
    if (!stage_refused() && stage_launch(false, &stage.error)) {
        begin_limits(0);
        return;
    }
    plan_free(&stage.plan);
    stage.reason = "start";
    /* There may be a child that could not become the program. */
    stage.phase = STAGE_DRAINING;
    reap();
}

void stage_run(const struct stage_plan *plan)
{
    stage.plan = *plan;
    stage.began_us = clock_us(CLOCK_MONOTONIC);
    if (plan->apart) {
        count_cpu_from_here();
        instructions_count_from_here();
    }
    signal_all(SIGCONT);
    begin_limits(cpu_used_us());
}

void stage_discard(void)
{
    /* Again for one that was being born meanwhile. */
    do
        signal_all(SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
    stage.program = -1;
    stage.children = false;
    shut_streams();
    instructions_end();
    notify_begin(-1);
    clear_ipc();
}

/* --- the poll loop's part --- */

enum { POLLED_SIGNALS, POLLED_WALL, POLLED_CPU, POLLED_REACHED, POLLED_OUT, POLLED_ERR, POLLED_INPUT, POLLED_NOTIFY };
_Static_assert(POLLED_NOTIFY + 1 == STAGE_POLLED, "each descriptor has its place");

void stage_poll(struct pollfd polled[STAGE_POLLED], bool *pending)
{
    bool room = stage.phase != STAGE_NONE && room_for_output();
    polled[POLLED_SIGNALS] = (struct pollfd){.fd = timers.signals, .events = POLLIN};
    polled[POLLED_WALL] = (struct pollfd){.fd = timers.wall, .events = POLLIN};
    polled[POLLED_CPU] = (struct pollfd){.fd = timers.cpu, .events = POLLIN};
    polled[POLLED_REACHED] = (struct pollfd){.fd = timers.reached, .events = POLLIN};
    polled[POLLED_OUT] = (struct pollfd){.fd = room ? stage.out : -1, .events = POLLIN};
    polled[POLLED_ERR] = (struct pollfd){.fd = room ? stage.err : -1, .events = POLLIN};
    polled[POLLED_INPUT] = (struct pollfd){.fd = input_waiting(), .events = POLLOUT};
    polled[POLLED_NOTIFY] = (struct pollfd){.fd = notify_listener(), .events = POLLIN};
    *pending = stage.unreaped;
}

void stage_serve(const struct pollfd polled[STAGE_POLLED])
{
    if (polled[POLLED_OUT].revents)
        relay_output();
    if (polled[POLLED_ERR].revents)
        relay_errors();
    if (polled[POLLED_INPUT].revents)
        input_feed();
    /* Before the reaping, which may kill who waits for an answer: what was tried shall be told. */
    if (polled[POLLED_NOTIFY].revents)
        answer_notifications();
    /* Before the timers: where this process came late, a program that ended in time has ended in time. */
    if (polled[POLLED_SIGNALS].revents || stage.unreaped) {
        struct signalfd_siginfo info;
        while (read(timers.signals, &info, sizeof info) > 0)
            ;
        reap();
    }
    if (polled[POLLED_WALL].revents && timer_fired(timers.wall))
        stop("wall", stage.grace);
    if (polled[POLLED_CPU].revents && timer_fired(timers.cpu))
        check_cpu();
    if (polled[POLLED_REACHED].revents && timer_fired(timers.reached) && stage.phase == STAGE_RUNNING)
        reached_look(&stage.plan);
}
