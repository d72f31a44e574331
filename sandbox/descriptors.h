#ifndef RUNYARD_DESCRIPTORS_H
#define RUNYARD_DESCRIPTORS_H

#include <stdbool.h>

/* Sends a descriptor over a socket; false with errno. */
bool send_descriptor(int socket, int descriptor);
/* The descriptor that was sent; -1 when there is none. Does not wait. */
int receive_descriptor(int socket);

#endif
