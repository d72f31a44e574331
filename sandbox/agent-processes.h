/* The processes of a session that the agent has started. */
#ifndef RUNYARD_AGENT_PROCESSES_H
#define RUNYARD_AGENT_PROCESSES_H

#include <poll.h>

#include "agent-frames.h"

/* Three streams for each, and as many of processes that have ended. */
enum { PROCESSES_POLLED = 1 + 3 * AGENT_PROCESSES + AGENT_PROCESSES };

void processes_prepare(void);
void processes_start(uint32_t id, struct reader request);
void processes_input(uint32_t id, struct reader request);
void processes_input_end(uint32_t id);
void processes_ack(uint32_t id, struct reader request);
void processes_resize(uint32_t id, struct reader request);
void processes_signal(uint32_t id, struct reader request);

/* What to wait for. */
void processes_poll(struct pollfd polled[PROCESSES_POLLED]);
/* Relays what there is, as far as there is room, and tells of those that have ended. */
void processes_serve(const struct pollfd polled[PROCESSES_POLLED]);

#endif
