#ifndef RUNYARD_RELAY_H
#define RUNYARD_RELAY_H

/*
 * Listens at a port of loopback, hands each connection to a socket in the file system, and becomes the command in `argv`.
 * Returns an exit status when it cannot.
 */
int relay(const char *port, const char *path, char **argv);

#endif
