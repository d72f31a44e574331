#define _GNU_SOURCE
#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
    struct io_uring_params params = {0};
    long ring = syscall(SYS_io_uring_setup, 4, &params);
    printf("setup %s\n", ring < 0 ? strerrorname_np(errno) : "allowed");
    printf("enter %s\n", syscall(SYS_io_uring_enter, ring, 1, 0, 0, NULL, 0) < 0 ? strerrorname_np(errno) : "allowed");
    printf("register %s\n", syscall(SYS_io_uring_register, -1, 0, NULL, 0) < 0 ? strerrorname_np(errno) : "allowed");
}
