/*
 * The leader of a cell: PID 1 of its namespaces, and the worker's partner in the protocol for one job. One thread, one
 * poll loop: every wait ends by a descriptor (frames, the program's pipes, three timers, SIGCHLD, notices).
 *
 * A stage goes RUNNING (the program lives), DRAINING (it has ended, or never began; the rest of its processes die, what
 * they wrote is still relayed), and its report is sent when no process is left and both pipes are empty. Whatever ends a
 * stage first is its reason.
 *
 * A program may be held: started before its job is there, with a FIFO in the place of its file. What runs up to there is the
 * image's interpreter and nothing of any job's; opening the FIFO it sleeps. When its job comes it is stopped, its file takes
 * the place of the FIFO, and it is told to go on: the kernel then begins the interrupted call anew, which finds the file. Both
 * halves count as one stage, but for its wall time.
 *
 * The program cannot hurt the leader: it has another user id, and PID 1 of a namespace is deaf to what comes from inside.
 * To signal the program's processes without CAP_KILL the leader takes their effective user id for the length of one
 * kill(-1); its real and saved ids stay root's, so that they cannot do the same to it. Nor can they change its scheduling in
 * that moment: the kernel wants every permitted capability of the other for that, and the leader keeps its two.
 */
#include "sandbox.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READ_SIZE = 65536, REPORT_SIZE = 1024 + NOTICES_SIZE, CPU_CHECK_MIN_US = 5000, FRAMES_PER_TURN = 16, STOP_US = 50000 };
enum { LOOK_US = 20000 };
enum { MOST_PROCESSORS = 1 << 16, REAPED_PER_TURN = 256 };

enum phase { BEFORE, JOB, RUNNING, DRAINING };

static struct {
    enum phase phase;
    struct cell_size size;
    struct start_error write_error; /* of a file that could not be written: the next stage tells */
    bool held;                      /* a program waits for its job */
    char door[NAME_MAX + 1];        /* the FIFO that it waits at, while there is one */
    bool unreaped;                  /* there may be processes that have ended */
    int signals, wall_timer, cpu_timer, look_timer;
} cell = {.signals = -1, .wall_timer = -1, .cpu_timer = -1, .look_timer = -1};

static struct {
    struct stage plan;
    pid_t main;
    int out, err;
    const char *reason;
    bool grace; /* SIGTERM is sent, the wall timer now counts the grace */
    bool truncated, children;
    int status;
    uint64_t began_us, wall_us, relayed_out, relayed_err;
    int64_t cpu_began_us, own_began_us, oom_began;
    int64_t peak_bytes;
} stage;

static struct frame frame;

_Noreturn void fault(const char *what)
{
    warn("protocol fault: %s", what);
    if (wire_room() >= strlen(what))
        wire_send('F', what, strlen(what));
    wire_drain();
    _exit(LEADER_FAULT);
}

static uint64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* 0 disarms. */
static void arm(int timer, uint64_t us)
{
    struct itimerspec at = {.it_value = {.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000}};
    if (timer == cell.look_timer)
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

/* --- the stage's processes --- */

static bool become_program(void)
{
    if (seteuid(PROGRAM_UID) == 0)
        return true;
    warn("seteuid: %s", strerror(errno));
    return false;
}

static void become_root(void)
{
    if (seteuid(0) < 0)
        _exit(LEADER_FAULT);
}

static void signal_as_program(pid_t whom, int number)
{
    if (!become_program())
        return;
    kill(whom, number);
    become_root();
}

static void signal_all(int number)
{
    signal_as_program(-1, number);
}

/*
 * What System V keeps holds memory with no process to be killed for it: when it is full, the kernel's next victim would be
 * the leader.
 */
static void clear_ipc(void)
{
    struct shm_info memory = {0};
    struct msginfo queues = {0};
    struct seminfo semaphores = {0};
    int last_memory = shmctl(0, SHM_INFO, (struct shmid_ds *)&memory);
    int last_queue = msgctl(0, MSG_INFO, (struct msqid_ds *)&queues);
    int last_semaphore = semctl(0, 0, SEM_INFO, &semaphores);
    bool any = memory.used_ids > 0 || queues.msgpool > 0 || semaphores.semusz > 0;
    if (!any || !become_program())
        return;
    struct shmid_ds shm;
    struct msqid_ds msg;
    struct semid_ds sem;
    for (int i = 0; i <= last_memory; i++)
        shmctl(shmctl(i, SHM_STAT_ANY, &shm), IPC_RMID, NULL);
    for (int i = 0; i <= last_queue; i++)
        msgctl(msgctl(i, MSG_STAT_ANY, &msg), IPC_RMID, NULL);
    for (int i = 0; i <= last_semaphore; i++)
        semctl(semctl(i, 0, SEM_STAT_ANY, &sem), 0, IPC_RMID);
    become_root();
}

/* Ends the running stage for this reason, unless another came first. */
static void stop_stage(const char *reason, bool at_once)
{
    if (cell.phase != RUNNING)
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
    arm(cell.wall_timer, stage.plan.grace_ms * 1000);
}

static int64_t own_cpu_us(void)
{
    return (int64_t)clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

static int64_t cpu_used_us(void)
{
    int64_t used = gauge_cpu_us() - stage.cpu_began_us - (own_cpu_us() - stage.own_began_us);
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
static void arm_cpu_check(int64_t used_us)
{
    int64_t wait = ((int64_t)stage.plan.cpu_ms * 1000 - used_us) / processors();
    arm(cell.cpu_timer, (uint64_t)(wait > CPU_CHECK_MIN_US ? wait : CPU_CHECK_MIN_US));
}

/* At once: what a grace gave it would be CPU time beyond the limit, on every processor. */
static void check_cpu(void)
{
    int64_t used = cpu_used_us();
    if (used >= (int64_t)stage.plan.cpu_ms * 1000)
        stop_stage("cpu", true);
    else
        arm_cpu_check(used);
}

/* The work is the stage's doing, so it counts as its CPU time. */
static void take_notices(void)
{
    int64_t before = own_cpu_us();
    notices_take();
    stage.own_began_us += own_cpu_us() - before;
}

/* Of the stage there is nothing any more but its report. */
static void shut_streams(void)
{
    input_close();
    shut(&stage.out);
    shut(&stage.err);
}

static void close_door(void)
{
    if (*cell.door)
        cell_remove(cell.door);
    *cell.door = 0;
}

/* Ends the held program, without a trace in the cell. */
static void let_go(void)
{
    if (!cell.held)
        return;
    cell.held = false;
    /* Again for one that was being born meanwhile. */
    do
        signal_all(SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
    stage.main = -1;
    stage.children = false;
    shut_streams();
    notices_begin(-1);
    clear_ipc();
    close_door();
    cell_reset_pids();
}

/*
 * Stops the held program and takes the FIFO away; from here on until it goes on, no process of the cell runs. One that does
 * not stop soon is no use: the parent of a vfork cannot while its child, which is stopped, has not become another program.
 */
static void stop_held(void)
{
    const struct timespec nap = {.tv_nsec = 20 * 1000};
    uint64_t until = clock_us(CLOCK_MONOTONIC) + STOP_US;
    int status = 0;
    signal_all(SIGSTOP);
    while (waitpid(stage.main, &status, WUNTRACED | WNOHANG) <= 0 && clock_us(CLOCK_MONOTONIC) < until)
        nanosleep(&nap, NULL);
    if (WIFSTOPPED(status))
        close_door();
    else
        let_go();
}

static void main_ended(int status)
{
    /* Those that live on may be what keeps a limit reached. */
    reached_look(&stage.plan);
    stage.status = status;
    stage.wall_us = clock_us(CLOCK_MONOTONIC) - stage.began_us;
    if (!stage.reason)
        stage.reason = "exit";
    cell.phase = DRAINING;
    arm(cell.wall_timer, 0);
    arm(cell.cpu_timer, 0);
    arm(cell.look_timer, 0);
    input_close();
    signal_all(SIGKILL);
}

/* Nothing more is written then. The pipes need not have ended: a descriptor under way in a socket may hold one open. */
static bool all_dead(void)
{
    return cell.phase == DRAINING && !stage.children;
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
        if (pid == stage.main && cell.held) {
            warn("the held program ended: %d", status);
            let_go();
        } else if (pid == stage.main)
            main_ended(status);
    }
    cell.unreaped = left == 0;
    stage.children = !(pid < 0 && errno == ECHILD);
    if (all_dead())
        clear_ipc();
    /* One that was being born when the others were killed. */
    if (cell.phase == DRAINING && stage.children)
        signal_all(SIGKILL);
}

/* --- its streams --- */

static bool room_for_output(void)
{
    return wire_room() >= READ_SIZE;
}

/*
 * Relays one piece of output, up to the limit; what comes after it is read and dropped until the program is dead. Whether
 * the end of a program or the reading of its last words comes first is chance: too much output is the reason in both.
 */
static void relay(int *fd, uint8_t type, uint64_t *relayed)
{
    if (*fd < 0 || !room_for_output())
        return;
    if (cell.phase == RUNNING)
        reached_look(&stage.plan);
    ssize_t n = read(*fd, wire_reserve(), READ_SIZE);
    if (n < 0 && (errno == EINTR || (errno == EAGAIN && !all_dead())))
        return;
    if (n <= 0) {
        shut(fd);
        return;
    }
    uint64_t left = stage.plan.output_bytes - stage.relayed_out - stage.relayed_err;
    size_t kept = (uint64_t)n < left ? (size_t)n : (size_t)left;
    if (kept > 0)
        wire_commit(type, kept);
    *relayed += kept;
    if (kept < (size_t)n && !stage.truncated) {
        stage.truncated = true;
        if (cell.phase == DRAINING && strcmp(stage.reason, "exit") == 0)
            stage.reason = "output";
        stop_stage("output", true);
    }
}

/* --- its report --- */

static void send_report(void)
{
    char text[REPORT_SIZE], refused[NOTICES_SIZE], exit_code[16] = "null", number[16] = "null", error[160] = "null";
    bool started = strcmp(stage.reason, "start") != 0;
    if (started && WIFEXITED(stage.status))
        snprintf(exit_code, sizeof exit_code, "%d", WEXITSTATUS(stage.status));
    if (started && WIFSIGNALED(stage.status))
        snprintf(number, sizeof number, "%d", WTERMSIG(stage.status));
    if (!started)
        snprintf(error, sizeof error, "{\"call\":\"%s\",\"errno\":%d,\"message\":\"%s\"}", cell.write_error.call,
                 cell.write_error.error, strerror(cell.write_error.error));
    notices_end(refused, sizeof refused);
    int64_t kills = gauge_oom_kills() - stage.oom_began;
    int n = snprintf(text, sizeof text,
                     "{\"reason\":\"%s\",\"exitCode\":%s,\"signal\":%s,\"wallUs\":%" PRIu64 ",\"cpuUs\":%" PRId64
                     ",\"memoryPeakBytes\":%" PRId64 ",\"oomKills\":%" PRId64 ",\"stdoutBytes\":%" PRIu64
                     ",\"stderrBytes\":%" PRIu64 ",\"truncated\":%s,\"error\":%s,\"reached\":[%s],\"refusedCalls\":[%s]}",
                     stage.reason, exit_code, number, stage.wall_us, started ? cpu_used_us() : 0, stage.peak_bytes,
                     kills > 0 ? kills : 0, stage.relayed_out, stage.relayed_err, stage.truncated ? "true" : "false",
                     error, reached_text(), refused);
    /* What is taken but not told yet belonged to this stage: told after its report it would be a frame out of turn. */
    input_forget();
    wire_send('D', text, (size_t)n);
    stage_free(&stage.plan);
    stage.main = -1;
    cell.write_error.error = 0;
    cell.phase = JOB;
}

static void finish_when_done(void)
{
    if (!all_dead())
        return;
    relay(&stage.out, 'O', &stage.relayed_out);
    relay(&stage.err, 'X', &stage.relayed_err);
    if (stage.out < 0 && stage.err < 0 && wire_room() >= REPORT_SIZE)
        send_report();
}

/* --- frames --- */

static void begin(void)
{
    struct cell_size before = cell.size;
    bool wanted = false;
    uint64_t restore = 0;
    records_begin(&frame, &cell.size, &wanted, &restore);
    if (cell.held && wanted)
        stop_held();
    else
        let_go();
    /* To the kernel 0 is no limit at all. */
    if (cell.size.bytes == 0 || cell.size.inodes == 0)
        fault("a job without a file system");
    if ((before.bytes != cell.size.bytes || before.inodes != cell.size.inodes) && !cell_resize(&cell.size))
        fault("the job's file system cannot have that size");
    cell_lock();
    if (restore > 0 && !snapshot_restore(restore))
        cell.write_error = (struct start_error){.call = "restore", .error = errno};
    cell.phase = JOB;
}

/* The job goes on in another cell. */
static _Noreturn void end_cell(void)
{
    if (frame.length != 1)
        fault("an N that is not one byte");
    /* What the program has made unreadable is no fault: the next cell finds nothing to begin with, and says so. */
    if (frame.payload[0] == 1)
        snapshot_offer();
    _exit(LEADER_NEXT);
}

static void write_file(void)
{
    char *path = (char *)frame.payload + 3;
    size_t length = frame.length > 3 ? strnlen(path, frame.length - 3) : 0;
    if (frame.length < 4 || 3 + length >= frame.length)
        fault("a file without a path");
    mode_t mode = (mode_t)(frame.payload[1] << 8 | frame.payload[2]);
    const uint8_t *content = frame.payload + 3 + length + 1;
    if (!cell_write(path, mode, frame.payload[0], content, frame.length - 3 - length - 1) && !cell.write_error.error)
        cell.write_error = (struct start_error){.call = "write", .error = errno};
}

/* A stage as the frame says, which counts from here on. `door` as for records_stage. */
static void parse_stage(const char **door)
{
    memset(&stage, 0, sizeof stage);
    stage.out = stage.err = stage.main = -1;
    input_begin(-1, false);
    records_stage(&frame, &stage.plan, door);
    reached_begin();
    stage.oom_began = gauge_oom_kills();
    stage.cpu_began_us = gauge_cpu_us();
    stage.own_began_us = own_cpu_us();
}

static bool start_program(struct start_error *why)
{
    int ours[3], theirs[3], listener = -1;
    bool made = program_streams(&stage.plan, ours, theirs);
    input_begin(ours[0], terminal_wanted(&stage.plan));
    stage.out = ours[1];
    stage.err = ours[2];
    if (made)
        stage.main = program_start(&stage.plan, theirs, why, &listener);
    else if (terminal_wanted(&stage.plan))
        *why = (struct start_error){.call = "terminal", .error = errno};
    else
        *why = (struct start_error){.call = "pipe", .error = errno};
    for (int i = 0; i < 3; i++)
        shut(&theirs[i]);
    notices_begin(listener);
    if (stage.main < 0)
        shut_streams();
    stage.children = stage.main >= 0;
    return stage.children;
}

static void hold(void)
{
    struct start_error why;
    const char *door = NULL;
    let_go();
    if (frame.length == 0)
        return;
    parse_stage(&door);
    snprintf(cell.door, sizeof cell.door, "%s", door);
    if (!cell_make_fifo(cell.door))
        fault("no FIFO can be made there");
    stage.plan.held = true;
    if (!start_program(&why))
        warn("hold: %s: %s", why.call, strerror(why.error));
    /* Also when it was not: let_go clears what is left. */
    cell.held = true;
    if (stage.main < 0)
        let_go();
    stage_free(&stage.plan);
}

/* Lets the held program go on, as what the frame asks for. False when that cannot be. */
static bool resume_held(void)
{
    struct stage plan;
    if (cell.write_error.error) {
        let_go();
        return false;
    }
    records_stage(&frame, &plan, NULL);
    if (!program_limit(stage.main, &plan)) {
        warn("prlimit: %s", strerror(errno));
        stage_free(&plan);
        let_go();
        return false;
    }
    stage.plan = plan;
    stage.began_us = clock_us(CLOCK_MONOTONIC);
    cell.held = false;
    signal_all(SIGCONT);
    return true;
}

static void start_stage(void)
{
    bool resumed = cell.held && resume_held();
    if (!resumed) {
        parse_stage(NULL);
        stage.began_us = clock_us(CLOCK_MONOTONIC);
        if (!cell.write_error.error)
            start_program(&cell.write_error);
    }
    if (stage.main < 0) {
        stage.reason = "start";
        /* There may be a child that could not become the program. */
        cell.phase = DRAINING;
        reap();
        return;
    }
    cell.phase = RUNNING;
    arm(cell.wall_timer, stage.plan.wall_ms * 1000);
    arm(cell.look_timer, LOOK_US);
    arm_cpu_check(resumed ? cpu_used_us() : 0);
}

/* Who runs in the foreground of the terminal, or else the program's group. */
static void signal_group(int number)
{
    pid_t group = terminal_wanted(&stage.plan) && stage.out >= 0 ? terminal_foreground(stage.out) : -1;
    signal_as_program(-(group > 0 ? group : stage.main), number);
}

static void take_kill(void)
{
    if (frame.length != 1)
        fault("a K that is not one byte");
    if (cell.phase != RUNNING)
        return; /* the stage has just ended by itself */
    if (frame.payload[0] == 0)
        /* Asked again, or while a limit's grace runs: whoever asks will not wait. */
        stop_stage("kill", stage.grace);
    else
        signal_group(frame.payload[0]);
}

static void take_size(void)
{
    const uint8_t *size = frame.payload;
    if (frame.length != 4)
        fault("a T that is not four bytes");
    if (cell.phase == RUNNING && terminal_wanted(&stage.plan) && stage.out >= 0)
        terminal_resize(stage.out, (uint64_t)(size[0] << 8 | size[1]), (uint64_t)(size[2] << 8 | size[3]));
}

static void take_frame(void)
{
    enum phase phase = cell.phase;
    if (frame.type == 'B' && phase == BEFORE)
        begin();
    else if (frame.type == 'H' && phase == BEFORE)
        hold();
    else if (frame.type == 'W' && phase == JOB)
        write_file();
    else if (frame.type == 'S' && phase == JOB)
        start_stage();
    else if (frame.type == 'G' && phase == JOB)
        artifacts_gather(&frame);
    else if (frame.type == 'K' && phase != BEFORE)
        take_kill();
    else if (frame.type == 'T' && phase != BEFORE)
        take_size();
    else if (frame.type == 'Q' && phase == JOB)
        _exit(LEADER_QUIT);
    else if (frame.type == 'N' && phase == JOB)
        end_cell();
    else if (frame.type == 'I' && phase == RUNNING)
        input_take(&frame);
    else if (frame.type == 'E' && phase == RUNNING)
        input_end();
    else if ((frame.type == 'I' || frame.type == 'E') && phase != BEFORE)
        return; /* sent before the worker knew that the stage had ended */
    else
        fault("a frame out of turn");
}

/* A few at a time: however fast they come, limits are kept and output is relayed. */
static void take_frames(void)
{
    for (int i = 0; i < FRAMES_PER_TURN; i++) {
        int got = wire_read(&frame);
        if (got == 0)
            return;
        if (got == -1)
            _exit(LEADER_EOF);
        if (got == -2)
            fault("an oversized frame");
        take_frame();
    }
}

static void open_descriptors(void)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    cell.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    cell.wall_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    cell.cpu_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    cell.look_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (cell.look_timer < 0 || cell.signals < 0 || cell.wall_timer < 0 || cell.cpu_timer < 0)
        fault("no descriptors");
}

static void turn(void)
{
    /* What had to wait for room, which the last turn's flush may have made. */
    input_acknowledge();
    finish_when_done();
    bool room = cell.phase >= RUNNING && room_for_output();
    struct pollfd fds[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = wire_pending() ? STDOUT_FILENO : -1, .events = POLLOUT},
        {.fd = cell.signals, .events = POLLIN},
        {.fd = cell.wall_timer, .events = POLLIN},
        {.fd = cell.cpu_timer, .events = POLLIN},
        {.fd = room ? stage.out : -1, .events = POLLIN},
        {.fd = room ? stage.err : -1, .events = POLLIN},
        {.fd = input_waiting(), .events = POLLOUT},
        {.fd = notices_listener(), .events = POLLIN},
        {.fd = cell.look_timer, .events = POLLIN},
    };
    if (poll(fds, sizeof fds / sizeof *fds, cell.unreaped ? 0 : -1) < 0 && errno != EINTR)
        fault("poll");
    if (fds[5].revents)
        relay(&stage.out, 'O', &stage.relayed_out);
    if (fds[6].revents)
        relay(&stage.err, 'X', &stage.relayed_err);
    if (fds[7].revents)
        input_feed();
    /* Before the reaping, which may kill who waits for an answer: what was tried shall be told. */
    if (fds[8].revents)
        take_notices();
    /* Before the timers: where this process came late, a program that ended in time has ended in time. */
    if (fds[2].revents || cell.unreaped) {
        struct signalfd_siginfo info;
        while (read(cell.signals, &info, sizeof info) > 0)
            ;
        reap();
    }
    if (fds[3].revents && timer_fired(cell.wall_timer))
        stop_stage("wall", stage.grace);
    if (fds[4].revents && timer_fired(cell.cpu_timer))
        check_cpu();
    if (fds[9].revents && timer_fired(cell.look_timer) && cell.phase == RUNNING)
        reached_look(&stage.plan);
    finish_when_done();
    if (fds[0].revents)
        take_frames();
    if (!wire_flush())
        _exit(LEADER_EOF);
}

void leader(const struct cell_size *size, bool first)
{
    char ready[64];
    cell.size = *size;
    stage.out = stage.err = stage.main = -1;
    cell_setup(size);
    open_descriptors();
    if (first)
        wire_send('R', ready, (size_t)snprintf(ready, sizeof ready, "{\"protocol\":1,\"cgroup\":%d}", gauge_version()));
    else
        wire_send('Z', NULL, 0);
    for (wire_flush();;)
        turn();
}
