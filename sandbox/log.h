/* Lines for the operator's log, which are no protocol. */
#ifndef RUNYARD_LOG_H
#define RUNYARD_LOG_H

/* One line, cut where it is longer than half a KiB. */
__attribute__((format(printf, 1, 2))) void warn(const char *format, ...);
/* Says what could not be done to what, with errno, and exits with LEADER_FAULT. */
_Noreturn void die(const char *what, const char *which);

#endif
