/*
 * Runs crun where it would refuse the machine's cgroups: those of version 1 with a second tree of version 2 beside them that
 * has a controller of its own ("hybrid"). Containers need none of what is there. In a mount namespace of its own, without
 * that second tree, crun takes the machine for one of version 1.
 *
 * As crun: any arguments of crun. Its name is crun's, too, by which podman finds the runtime of a container again.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define UNIFIED "/sys/fs/cgroup/unified"

/* Where podman itself looks for it. */
static const char *const places[] = {"/usr/bin/crun",       "/usr/sbin/crun", "/usr/local/bin/crun",
                                     "/usr/local/sbin/crun", "/sbin/crun",     "/bin/crun",
                                     "/run/current-system/sw/bin/crun"};

static int failed(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  return 127;
}

int main(int argc, char **argv) {
  (void)argc;
  if (unshare(CLONE_NEWNS) != 0) return failed("a mount namespace");
  /* What podman mounts and takes away reaches this namespace, nothing of this one reaches podman's. */
  if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0) return failed("mounts of its own");
  if (umount2(UNIFIED, MNT_DETACH) != 0) return failed("without " UNIFIED);
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) execv(places[i], argv);
  fprintf(stderr, "crun is in none of the places where podman looks for it\n");
  return 127;
}
