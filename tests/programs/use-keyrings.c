#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Keyrings outlive a process and are no part of any namespace of a cell. */
int main(void)
{
    static const struct { const char *name; int id; } rings[] = {
        {"thread", -1}, {"process", -2}, {"session", -3}, {"user", -4}, {"user session", -5}};
    for (int i = 0; i < 5; i++) {
        long key = syscall(SYS_add_key, "user", "trace", "x", 1, rings[i].id);
        printf("%s %s\n", rings[i].name, key < 0 ? strerrorname_np(errno) : "written");
    }
    printf("join %s\n", syscall(SYS_keyctl, 1, "shared") < 0 ? strerrorname_np(errno) : "joined");
    printf("search %s\n", syscall(SYS_request_key, "user", "trace", NULL, -3) < 0 ? strerrorname_np(errno) : "found");
}
