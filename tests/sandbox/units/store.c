/* What shall be covered is covered, or the cell does not begin. */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static int mounts;

/* What mount says of a source that is missing. */
static int fake_mount(const char *from, const char *to, const char *type, unsigned long flags, const void *data)
{
    (void)to;
    (void)type;
    (void)flags;
    (void)data;
    mounts++;
    if (!from || access(from, F_OK) == 0)
        return 0;
    errno = ENOENT;
    return -1;
}

#define mount fake_mount
#include "../../../sandbox/store.c"
#undef mount

#include "check.h"
#include "../../../sandbox/leader-exit.h"

static void missing_source(void)
{
    cover("/no such source", "/proc/self", 0);
}

static void unwritable_source(void)
{
    store_file("/no such folder/file", "content");
}

static int end_of(void (*function)(void))
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        /* What it says is no failure of this test. */
        close(STDERR_FILENO);
        function();
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

int main(void)
{
    CHECK(end_of(missing_source) == LEADER_FAULT);
    CHECK(end_of(unwritable_source) == LEADER_FAULT);
    /* A file that this kernel has not got needs no cover, of whatever. */
    cover("/no such source", "/proc/no such file", 0);
    CHECK(mounts == 0);
    cover("/proc/self", "/proc/self", MS_RDONLY);
    CHECK(mounts == 2);
    return 0;
}
