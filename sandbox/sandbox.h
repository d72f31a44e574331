/* What the parts of init share. Theory of operation: init.c. */
#ifndef RUNYARD_SANDBOX_H
#define RUNYARD_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROGRAM_UID = 1000, PROGRAM_GID = 1000 };

/* What ends a leader; read by init from its exit status. */
enum { LEADER_QUIT = 10, LEADER_EOF = 11, LEADER_FAULT = 12, LEADER_NEXT = 13 };

/* A line for the operator, on standard error. */
__attribute__((format(printf, 1, 2))) void warn(const char *format, ...);

/* --- container.c: what all cells of a container have in common --- */

/* podman mounts a small tmpfs here for every container; cells see what covers it, and bind mounts of its files. */
#define STORE "/run"
/* An empty folder of it. */
#define STORE_FOLDER STORE "/empty"
/* Where device nodes of the sandbox's own are shown to init. */
#define OWN_DEVICES STORE "/devices"

/*
 * Once, in init: covers what no cell may see, takes away the way to the worker if there was one, replaces the devices if there
 * are others.
 */
void container_prepare(bool wire, bool devices);
/* Puts `from` over `to`, if there is a `to`. Exits with LEADER_FAULT when it cannot, as do the next two. */
void cover(const char *from, const char *to, unsigned long flags);
void store_file(const char *path, const char *content);
_Noreturn void die(const char *what, const char *which);

/* --- proc.c --- */

/* Once, in init: what will cover parts of /proc. */
void proc_prepare(void);
/* In a new leader: its /proc. */
void proc_setup(void);
/* The cell's /proc as the leader alone may write to it, since proc_setup. */
extern int proc_writable;

/* --- cell.c: what surrounds a program --- */

struct cell_size {
    uint64_t bytes;
    uint64_t inodes;
};

/* In a new leader: its file systems, host name and loopback. Exits with LEADER_FAULT when it cannot. */
void cell_setup(const struct cell_size *size);
/* Whose rights count when the leader works on files. */
void files_as_program(void);
void files_as_leader(void);
/* Gives the job's file system another size. False, with errno, when the kernel refuses. */
bool cell_resize(const struct cell_size *size);
/* Leaves the leader the capabilities to change user and group, and no other. */
void cell_lock(void);
/* Writes (or appends to) a file of the job, as the program's user, following no link. False with errno. */
enum { WRITE_APPEND = 1, WRITE_SETTLE = 2 };
bool cell_write(char *path, mode_t mode, unsigned flags, const uint8_t *content, size_t length);
/* Makes a FIFO in the job's folder, as the program's user. False with errno. */
bool cell_make_fifo(const char *name);
/* Removes a file of the job's folder. */
void cell_remove(const char *name);
/* The next process will have the id that the first of a new cell has, if no other lives and the leader may still say so. */
void cell_reset_pids(void);
/* Opens what lies below `folder`, meeting no link and no other file system on the way. -1 with errno. */
int cell_open_below(int folder, const char *name, uint64_t flags, mode_t mode);

/* --- gauge.c: the container's counters --- */

/* Opens them; before any cell covers them. */
void gauges_open(void);
/* 1 or 2: the cgroup version found; 0: none. */
int gauge_version(void);
/* CPU time of everything in the container, in microseconds; -1 when there is no counter. */
int64_t gauge_cpu_us(void);
/* Processes the kernel has killed for memory so far; -1 when there is no counter. */
int64_t gauge_oom_kills(void);
/* Processes and threads in the container; -1 when there is no counter. */
int64_t gauge_tasks(void);

/* --- program.c: how a program is started --- */

struct stage {
    char **args;
    char **env;
    uint64_t wall_ms, cpu_ms, grace_ms, output_bytes, processes, file_bytes, open_files, stack_bytes;
    uint64_t columns, rows; /* of its terminal; 0: its streams are pipes */
    bool input;
    bool held; /* started ahead of its job, whose limits are not known yet */
};

/* Why a program could not be started. */
struct start_error {
    char call[16];
    int error;
};

/* Once, in init. Exits when it cannot. */
void program_prepare(void);
/*
 * Makes the program's standard streams, in, out, err, which belong to it: it may want to open /dev/stdout again. Ours do not
 * wait; that of the input is -1 where none will come: the program's end is at its end. What could not be made, with errno, is -1.
 */
bool program_streams(const struct stage *stage, int ours[3], int theirs[3]);
/*
 * Starts the stage's program, its standard streams on the three descriptors. Returns its process id, or -1 and says why.
 * Returns only when the program runs or has failed to. `listener` becomes that of its filter, to be closed in either case,
 * or -1.
 */
pid_t program_start(const struct stage *stage, const int streams[3], struct start_error *why, int *listener);
/*
 * Gives a held program the limits of its stage, but for that of the stack, which counted when it was started. No process of the
 * cell may run meanwhile. False with errno.
 */
bool program_limit(pid_t pid, const struct stage *stage);

/* Sends a descriptor over a socket; false with errno. */
bool send_descriptor(int socket, int descriptor);
/* The descriptor that was sent; -1 when there is none. Does not wait. */
int receive_descriptor(int socket);

/* --- terminal.c --- */

/* Whether the stage's streams are a terminal. */
static inline bool terminal_wanted(const struct stage *stage)
{
    return stage->columns > 0 && stage->rows > 0;
}
/* Makes one, as the streams of program_streams: ours for output is its master, for input the same, for errors -1. False with errno. */
bool terminal_open(const struct stage *stage, int ours[3], int theirs[3]);
/* Sets its size; who runs in its foreground is told by SIGWINCH. */
bool terminal_resize(int master, uint64_t columns, uint64_t rows);
/* The process group in its foreground; -1 when there is none. */
pid_t terminal_foreground(int master);

/* --- snapshot.c: the job's folder for the cells that go on with the job --- */

/* Once, in init. Exits when it cannot. */
void snapshot_prepare(void);
/* In a leader that is about to end: gives init the job's folder as it stands. False with errno. */
bool snapshot_offer(void);
/* In init, once that leader has ended: keeps what it gave, if it gave something. */
void snapshot_take(void);
/* In init: keeps nothing any more. */
void snapshot_drop(void);
/* Copies what init keeps into the job's folder, which must be empty. False with errno: ENOSPC also where it is more than `most` bytes. */
bool snapshot_restore(uint64_t most);

/* --- reached.c: limits that a stage has come to --- */

/* A stage begins, and no process of it lives yet. */
void reached_begin(void);
/* Looks whether it has come to one now. */
void reached_look(const struct stage *plan);
/* A process of it ended like this. */
void reached_died(int status);
/* Those it has come to, as members of a JSON array. */
const char *reached_text(void);

/* --- allowed.c: the calls that a program has --- */

struct call_names {
    const char *const *names;
    size_t count;
};
struct call_numbers {
    const int *numbers;
    size_t count;
};
extern const struct call_names allowed_calls, root_calls, idle_calls;
extern const struct call_numbers newer_calls;

/* --- seccomp.c --- */

/* Builds the filters, once. Exits when it cannot. */
void seccomp_prepare(void);
/*
 * Puts them around the calling process: with the rules that tell, and their listener, or where there is no telling the silent
 * ones, with -1. False with errno.
 */
bool seccomp_enter(int *listener);

/* --- notices.c: calls that no honest program makes --- */

/* The most names a report has, and what the text of all of them needs. */
enum { TOLD_CALLS = 16, NOTICES_SIZE = TOLD_CALLS * 64 };

/* A stage begins: takes over the listener of its filter, or -1. */
void notices_begin(int descriptor);
/* What to poll for reading; -1 when there is nothing to hear. */
int notices_listener(void);
/* Counts and answers some of the calls that wait. Never waits itself. */
void notices_take(void);
/* The stage has ended: writes the members of a JSON array into `text` and closes the listener. */
void notices_end(char *text, size_t room);

/* --- wire.c: frames --- */

enum { MAX_PAYLOAD = 262144, FRAME_HEADER = 5 };

struct frame {
    uint8_t type;
    uint32_t length;
    uint8_t payload[MAX_PAYLOAD + 1]; /* one more, for a NUL behind a text */
};

/* Where the worker's socket is shown to init, and to nobody after container_prepare. */
#define WIRE_FOLDER "/run/wire"
/* Takes connections to the worker for the standard streams, if it can: one for frames, one for lines of the log. */
void wire_connect(void);
/* Makes both ends non-blocking. */
void wire_open(void);
/* Reads on: 1, a frame is whole; 0, not yet; -1, end of input; -2, an oversized frame. Never reads past one frame. */
int wire_read(struct frame *frame);
/* Bytes a frame's payload may have now without waiting. */
size_t wire_room(void);
/* Queues a frame; the caller has made sure of the room. */
void wire_send(uint8_t type, const void *payload, size_t length);
/* Where to put a payload that is not there yet, and the call that makes a frame of it. */
uint8_t *wire_reserve(void);
void wire_commit(uint8_t type, size_t length);
/* Writes what can be written; false when nobody reads any more. */
bool wire_flush(void);
/* Whether something is queued. */
bool wire_pending(void);
/* Writes everything, waiting at most a second: for last words. */
void wire_drain(void);

/* --- input.c: a stage's standard input --- */

/*
 * A stage begins: takes over the pipe to its program, or a terminal's master, or -1. Nothing of the stage before is left. To a terminal
 * the end of the input is what Ctrl-D is.
 */
void input_begin(int descriptor, bool terminal);
/* What to poll for writing; -1 when nothing waits to be written. */
int input_waiting(void);
/* Takes what an I brings, which may not be more than the window allows. */
void input_take(const struct frame *frame);
/* Passes on what the program will take; once it has closed its input the rest is thrown away. */
void input_feed(void);
/* No more will come: the pipe is closed when all is written. */
void input_end(void);
/* Tells the worker of what was taken, once there is room: the program decides how full of its output the queue is. */
void input_acknowledge(void);
/* What is taken but not told yet never will be. */
void input_forget(void);
void input_close(void);

enum { MAX_GLOBS = 16 };

struct gathering {
    char *globs[MAX_GLOBS];
    size_t count;
    uint64_t bytes, files;
};

/* --- records.c: the record lists of frames; what is wrong with one is a fault --- */

/*
 * What B says of the cell, whether the job is that of the held program, and how large a snapshot it goes on with may be; what it does
 * not say stays.
 */
void records_begin(struct frame *from, struct cell_size *size, bool *held, uint64_t *restore);
/*
 * What S or H says of the stage. Its strings are the frame's; the lists of them are freed by stage_free. `door`, NULL for an S,
 * becomes the name of the file that the program is held at, at most NAME_MAX long.
 */
void records_stage(struct frame *from, struct stage *plan, const char **door);
void stage_free(struct stage *plan);
/* What G asks for. Its strings are the frame's. */
void records_gather(struct frame *from, struct gathering *plan);

/* --- artifacts.c --- */

/* Sends the job's files that G asks for, and the list that ends them. Waits for the worker to read them. */
void artifacts_gather(struct frame *from);

/* --- leader.c, probe.c --- */

/* The worker broke the protocol, or the cell is broken: says so and exits. */
_Noreturn void fault(const char *what);

/* The life of one cell; never returns. */
_Noreturn void leader(const struct cell_size *size, bool first);
/* A small hostile program by name; its exit status. */
int probe(const char *name);

#endif
