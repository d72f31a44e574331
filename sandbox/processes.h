/* What the leader does to the processes of a stage. */
#ifndef RUNYARD_PROCESSES_H
#define RUNYARD_PROCESSES_H

#include <sys/types.h>

/* Signals a process, or with a negative id a process group, as the program's user. */
void signal_process(pid_t whom, int number);
/* Signals all of them. */
void signal_all(int number);
/* Removes what they have left of System V IPC. */
void clear_ipc(void);

#endif
