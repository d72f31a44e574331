/* What the parts of init share. Theory of operation: init.c. */
#ifndef RUNYARD_SANDBOX_H
#define RUNYARD_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROGRAM_UID = 1000, PROGRAM_GID = 1000 };

/* What ends a leader; read by init from its exit status. */
enum { LEADER_QUIT = 10, LEADER_EOF = 11, LEADER_FAULT = 12 };

/* A line for the operator, on standard error. */
__attribute__((format(printf, 1, 2))) void warn(const char *format, ...);

/* --- cell.c: what surrounds a program --- */

struct cell_size {
    uint64_t bytes;
    uint64_t inodes;
};

/* Once, in init: covers what no cell may see. */
void container_prepare(void);
/* In a new leader: its file systems, host name and loopback. Exits with LEADER_FAULT when it cannot. */
void cell_setup(const struct cell_size *size);
/* The cell's /proc as the leader alone may write to it, since cell_setup. */
extern int proc_writable;
/* Gives the job's file system another size. False, with errno, when the kernel refuses. */
bool cell_resize(const struct cell_size *size);
/* Leaves the leader the capabilities to change user and group, and no other. */
void cell_lock(void);
/* Writes (or appends to) a file of the job, as the program's user, following no link. False with errno. */
bool cell_write(char *path, mode_t mode, bool append, const uint8_t *content, size_t length);
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

/* --- program.c: how a program is started --- */

struct stage {
    char **args;
    char **env;
    uint64_t wall_ms, cpu_ms, grace_ms, output_bytes, processes, file_bytes, open_files, stack_bytes;
    bool input;
};

/* Why a program could not be started. */
struct start_error {
    char call[16];
    int error;
};

/* Once, in init. Exits when it cannot. */
void program_prepare(void);
/*
 * Starts the stage's program, its standard streams on the three descriptors. Returns its process id, or -1 and says why.
 * Returns only when the program runs or has failed to. `listener` becomes that of its filter, to be closed in either case,
 * or -1.
 */
pid_t program_start(const struct stage *stage, const int streams[3], struct start_error *why, int *listener);

/* --- seccomp.c --- */

/* Builds the filters, once. Exits when it cannot. */
void seccomp_prepare(void);
/*
 * Puts one around the calling process: the one that tells, with its listener, or where there is no telling the silent one,
 * with -1. False with errno.
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

enum { MAX_GLOBS = 16 };

struct gathering {
    char *globs[MAX_GLOBS];
    size_t count;
    uint64_t bytes, files;
};

/* --- records.c: the record lists of frames; what is wrong with one is a fault --- */

/* What B says of the cell; what it does not say stays. */
void records_begin(struct frame *from, struct cell_size *size);
/* What S says of the stage. Its strings are the frame's; the lists of them are freed by stage_free. */
void records_stage(struct frame *from, struct stage *plan);
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
