/* What ends a leader; init reads it from the exit status. */
#ifndef RUNYARD_LEADER_EXIT_H
#define RUNYARD_LEADER_EXIT_H

enum leader_exit { LEADER_QUIT = 10, LEADER_EOF = 11, LEADER_FAULT = 12, LEADER_NEXT = 13 };

#endif
