/* What all cells of a container have in common. */
#ifndef RUNYARD_CONTAINER_H
#define RUNYARD_CONTAINER_H

#include <stdbool.h>

/*
 * Once, in init: covers what no cell may see, takes away the way to the worker if there was one, replaces the devices if there
 * are others. Exits with LEADER_FAULT when it cannot.
 */
void container_prepare(bool transport, bool devices);

#endif
