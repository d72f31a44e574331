/* The job's folder for the cells that go on with the job. */
#ifndef RUNYARD_SNAPSHOT_H
#define RUNYARD_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

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

#endif
