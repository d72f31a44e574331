/* What a unit test of init's functions needs: it ends with 1 at the first thing that is not so, and says where. */
#ifndef RUNYARD_CHECK_H
#define RUNYARD_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                             \
    do {                                                             \
        if (!(condition)) {                                          \
            printf("%s:%d: not %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                 \
        }                                                            \
    } while (0)

#endif
