/* What surrounds a program. */
#ifndef RUNYARD_CELL_H
#define RUNYARD_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROGRAM_UID = 1000, PROGRAM_GID = 1000 };

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
/* Whether nothing lies in the job's file system. */
bool cell_is_fresh(void);
/* Puts an empty file system in the place of the job's, before cell_lock(). Exits with LEADER_FAULT when it cannot. */
void cell_refresh(const struct cell_size *size);
/* Leaves the leader the capabilities to change user and group, and no other. */
void cell_lock(void);
/* Writes (or appends to) a file of the job, as the program's user, following no link. `flags` as in FRAME_WRITE. False with errno. */
bool cell_write(char *path, mode_t mode, unsigned flags, const uint8_t *content, size_t length);
/* Makes a FIFO in the job's folder, as the program's user. False with errno. */
bool cell_make_fifo(const char *name);
/* Removes a file of the job's folder. */
void cell_remove(const char *name);
/* The next process will have the id that the first of a new cell has, if no other lives and the leader may still say so. */
void cell_reset_pids(void);
/* Opens what lies below `folder`, meeting no link and no other file system on the way. -1 with errno. */
int cell_open_below(int folder, const char *name, uint64_t flags, mode_t mode);

#endif
