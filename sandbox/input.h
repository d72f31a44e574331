/* A stage's standard input. */
#ifndef RUNYARD_INPUT_H
#define RUNYARD_INPUT_H

#include <stdbool.h>

#include "transport.h"

/*
 * A stage begins: takes over the pipe to its program, or a terminal's master, or -1. Nothing of the stage before is left. To a terminal
 * the end of the input is what Ctrl-D is.
 */
void input_begin(int descriptor, bool terminal);
/* What to poll for writing; -1 when nothing waits to be written. */
int input_waiting(void);
/* Takes what a FRAME_INPUT brings, which may not be more than the window allows. */
void input_take(const struct frame *frame);
/* Passes on what the program will take; once it has closed its input the rest is thrown away. */
void input_feed(void);
/* No more will come: the pipe is closed when all is written. */
void input_end(void);
/* Tells the worker of what was taken, once there is room: the program decides how full of its output the queue is. */
void input_acknowledge(void);
/* What is taken but not told yet never will be. */
void input_forget(void);
void input_close(void);

#endif
