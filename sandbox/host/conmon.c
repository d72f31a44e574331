/*
 * Runs conmon for podman, with one change: the command that conmon starts when a container has ended waits a moment, and is
 * not started at all when the container has been removed by then.
 *
 * That command is a podman of its own, to clean up behind a container nobody else cares for, and takes about as much CPU time as
 * all the rest of a container's life. A worker removes its sandboxes itself; only those of a worker that was killed are left to
 * this command.
 *
 * As conmon: any arguments of conmon. After a container: --after BUNDLE COMMAND ARGUMENT...
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A worker that lives removes its container in less. */
enum { GRACE_MS = 3000, LOOK_MS = 100 };

/* Where podman itself looks for it. */
static const char *const places[] = {
    "/usr/libexec/podman/conmon", "/usr/local/libexec/podman/conmon", "/usr/local/lib/podman/conmon",
    "/usr/bin/conmon",            "/usr/sbin/conmon",                 "/usr/local/bin/conmon",
    "/usr/local/sbin/conmon",     "/run/current-system/sw/bin/conmon"};

static int after(char **argv) {
  for (int waited = 0; waited < GRACE_MS; waited += LOOK_MS) {
    usleep(LOOK_MS * 1000);
    /* The container's folder goes with the container. */
    if (access(argv[2], F_OK) != 0 && errno == ENOENT) return 0;
  }
  execv(argv[3], argv + 3);
  perror(argv[3]);
  return 127;
}

int main(int argc, char **argv) {
  if (argc > 3 && strcmp(argv[1], "--after") == 0) return after(argv);

  char self[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  self[length < 0 ? 0 : length] = '\0';
  char *bundle = NULL;
  for (int i = 1; i + 1 < argc; i++) {
    if (strcmp(argv[i], "-b") == 0 || strcmp(argv[i], "--bundle") == 0) bundle = argv[i + 1];
  }
  /* Six more than there are, and the end. */
  char **changed = calloc((size_t)argc + 7, sizeof *changed);
  if (changed == NULL) {
    perror("conmon");
    return 127;
  }
  int count = 0;
  for (int i = 0; i < argc; i++) {
    changed[count++] = argv[i];
    if (length <= 0 || bundle == NULL || i + 1 == argc || strcmp(argv[i], "--exit-command") != 0) continue;
    char *rest[] = {self, "--exit-command-arg", "--after", "--exit-command-arg", bundle, "--exit-command-arg", argv[i + 1]};
    memcpy(changed + count, rest, sizeof rest);
    count += (int)(sizeof rest / sizeof *rest);
    i++;
  }
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) execv(places[i], changed);
  fprintf(stderr, "conmon is in none of the places where podman looks for it\n");
  return 127;
}
