#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
    printf("call %s\n", syscall(SYS_userfaultfd, O_CLOEXEC) < 0 ? strerrorname_np(errno) : "allowed");
    printf("for user faults %s\n", syscall(SYS_userfaultfd, 1) < 0 ? strerrorname_np(errno) : "allowed");
    printf("device %s\n", open("/dev/userfaultfd", O_RDWR) < 0 ? strerrorname_np(errno) : "opened");
}
