#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel looks at 32 bits of a request, a careless filter at 64. */
int main(void)
{
    static const struct { const char *name; unsigned long request; } requests[] = {
        {"TIOCSTI", TIOCSTI}, {"TIOCLINUX", TIOCLINUX}, {"TIOCCONS", TIOCCONS}};
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master);
    unlockpt(master);
    setsid();
    int slave = open(ptsname(master), O_RDWR);
    ioctl(slave, TIOCSCTTY, 0);
    for (int i = 0; i < 3; i++)
        for (unsigned long high = 0; high < 2; high++) {
            long result = syscall(SYS_ioctl, slave, requests[i].request | high << 32, "x");
            printf("%s%s %s\n", requests[i].name, high ? " with a high bit" : "", result < 0 ? strerrorname_np(errno) : "done");
        }
}
