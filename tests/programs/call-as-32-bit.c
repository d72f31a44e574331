#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Calls by another table of numbers would walk around a filter: those of 32-bit programs, and those of x32. */
int main(void)
{
#ifdef __x86_64__
    long answer;
    __asm__ volatile("int $0x80" : "=a"(answer) : "a"(21L), "b"(0L), "c"(0L), "d"(0L), "S"(0L), "D"(0L) : "memory");
    printf("mount by int 0x80: %s\n", strerrorname_np((int)-answer));
    __asm__ volatile("int $0x80" : "=a"(answer) : "a"(20L) : "memory");
    printf("getpid by int 0x80: %s\n", answer > 0 ? "answered" : strerrorname_np((int)-answer));
    printf("getpid of x32: %s\n", syscall(0x40000000 | SYS_getpid) > 0 ? "answered" : strerrorname_np(errno));
    printf("mount of x32: %s\n", syscall(0x40000000 | SYS_mount, 0, 0, 0, 0, 0) == 0 ? "done" : strerrorname_np(errno));
#else
    puts("mount by int 0x80: ENOSYS\ngetpid by int 0x80: ENOSYS\ngetpid of x32: ENOSYS\nmount of x32: ENOSYS");
#endif
}
