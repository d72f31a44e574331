#ifndef RUNYARD_SECCOMP_H
#define RUNYARD_SECCOMP_H

#include <stdbool.h>

/* Builds the filters, once. Exits when it cannot. */
void seccomp_prepare(void);
/*
 * Puts them around the calling process: with the rules that tell, and their listener, or where there is no telling the silent
 * ones, with -1. False with errno.
 */
bool seccomp_enter(int *listener);

#endif
