/* What the agent does with files: each request is answered by one frame. Relative paths begin at the working folder. */
#ifndef RUNYARD_AGENT_FILES_H
#define RUNYARD_AGENT_FILES_H

#include "agent-frames.h"

void files_read(uint32_t id, struct reader request);
void files_write(uint32_t id, struct reader request);
void files_list(uint32_t id, struct reader request);
void files_stat(uint32_t id, struct reader request);
void files_move(uint32_t id, struct reader request);
void files_remove(uint32_t id, struct reader request);
void files_folder(uint32_t id, struct reader request);

#endif
