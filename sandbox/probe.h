#ifndef RUNYARD_PROBE_H
#define RUNYARD_PROBE_H

/* A small hostile program by name; its exit status. */
int probe(const char *name);

#endif
