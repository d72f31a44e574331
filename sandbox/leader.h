#ifndef RUNYARD_LEADER_H
#define RUNYARD_LEADER_H

#include <stdbool.h>

#include "cell.h"

/* The life of one cell; never returns. `first`: it is the first of its container. */
_Noreturn void leader(const struct cell_size *size, bool first);

#endif
