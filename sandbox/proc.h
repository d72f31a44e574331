#ifndef RUNYARD_PROC_H
#define RUNYARD_PROC_H

/* Once, in init: what will cover parts of /proc. */
void proc_prepare(void);
/* In a new leader: its /proc. */
void proc_setup(void);
/* The cell's /proc as the leader alone may write to it, since proc_setup. */
extern int proc_writable;

#endif
