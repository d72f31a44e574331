#ifndef RUNYARD_ARTIFACTS_H
#define RUNYARD_ARTIFACTS_H

#include "transport.h"

/* Sends the job's files that FRAME_GATHER asks for, and the list that ends them. Waits for the worker to read them. */
void artifacts_gather(struct frame *from);

#endif
