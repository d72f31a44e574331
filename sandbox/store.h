/* Files of the container's that stand in for what no cell may see. */
#ifndef RUNYARD_STORE_H
#define RUNYARD_STORE_H

/* podman mounts a small tmpfs here for every container; cells see what covers it, and bind mounts of its files. */
#define STORE "/run"
/* An empty folder of it. */
#define STORE_FOLDER STORE "/empty"

/* Puts `from` over `to`, if there is a `to`. Exits with LEADER_FAULT when it cannot, as does the next. */
void cover(const char *from, const char *to, unsigned long flags);
void store_file(const char *path, const char *content);

#endif
