/* `init --agent`: the program of a session. */
#ifndef RUNYARD_AGENT_H
#define RUNYARD_AGENT_H

/* Serves the worker on standard input and output until that ends. @returns the exit status */
int agent(void);

#endif
