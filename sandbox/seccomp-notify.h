/* Calls that no honest program makes, of which the kernel notifies the leader. */
#ifndef RUNYARD_SECCOMP_NOTIFY_H
#define RUNYARD_SECCOMP_NOTIFY_H

#include <stddef.h>

/* The most names a report has, and what the text of all of them needs. */
enum { NOTIFIED_CALLS = 16, NOTIFIED_SIZE = NOTIFIED_CALLS * 64 };

/* The sandbox has device files of its own: a program's locks on them are felt by nobody else. */
void notify_own_devices(void);
/* A stage begins: takes over the listener of its filter, or -1. */
void notify_begin(int descriptor);
/* What to poll for reading; -1 when there is nothing to hear. */
int notify_listener(void);
/* Counts and answers some of the calls that wait. Never waits itself. */
void notify_answer(void);
/* The stage has ended: writes the members of a JSON array into `text` and closes the listener. */
void notify_end(char *text, size_t room);

#endif
