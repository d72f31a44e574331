/* Numbers in frames of the agent, and its answers. */
#ifndef RUNYARD_AGENT_FRAMES_H
#define RUNYARD_AGENT_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent-protocol.h"
#include "transport.h"

/* What is still unread of a frame's payload. Reading beyond its end is a fault of the worker, and the end of the agent. */
struct reader {
    const uint8_t *at;
    size_t left;
};

struct reader reader_of(const struct frame *frame);
uint64_t read_number(struct reader *reader, size_t bytes);
/* A text up to its NUL. */
const char *read_text(struct reader *reader);

/* Writes a number of so many bytes, big endian. */
void put_number(uint8_t *at, uint64_t value, size_t bytes);

/* The caller has made sure of the room. */
void send_about(enum agent_frame type, uint32_t id, const void *payload, size_t length);
void send_failed(uint32_t id, int error);

/* Room for any answer. */
bool room_for_answer(void);

#endif
