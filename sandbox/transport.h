/* Frames to and from the worker, on the descriptors FRAMES_IN and FRAMES_OUT. */
#ifndef RUNYARD_TRANSPORT_H
#define RUNYARD_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

struct frame {
    uint8_t type;
    uint32_t length;
    uint8_t payload[MAX_PAYLOAD + 1]; /* one more, for a NUL behind a text */
};

/* Takes connections to the worker for the standard streams, if it can: one for frames, one for lines of the log. */
void transport_connect(void);
/* Makes both ends non-blocking. */
void transport_open(void);
/* Reads on: 1, a frame is whole; 0, not yet; -1, end of input; -2, an oversized frame. Never reads past one frame. */
int transport_read(struct frame *frame);
/* Bytes a frame's payload may have now without waiting. */
size_t transport_room(void);
/* Queues a frame; the caller has made sure of the room. */
void transport_send(enum frame_type type, const void *payload, size_t length);
/*
 * Where to put a payload of at most `length` bytes, for which there is room, and the call that makes a frame of it. Nothing else may
 * be queued between the two.
 */
uint8_t *transport_reserve(size_t length);
void transport_commit(enum frame_type type, size_t length);
/* Writes what can be written; false when nobody reads any more. */
bool transport_flush(void);
/* Whether something is queued. */
bool transport_pending(void);
/* The worker broke the protocol, or the cell is broken: says so, to the log and in a frame, and exits with LEADER_FAULT. */
_Noreturn void fault(const char *what);

#endif
