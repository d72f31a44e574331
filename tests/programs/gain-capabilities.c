#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void tell(const char *what, long result)
{
    printf("%s %s\n", what, result < 0 ? strerrorname_np(errno) : "allowed");
}

int main(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct all[2] = {{~0u, ~0u, ~0u}, {~0u, ~0u, ~0u}};
    tell("capset", syscall(SYS_capset, &head, all));
    tell("ambient", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0));
    tell("bounding", prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0));
    tell("securebits", prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED, 0, 0, 0));
    tell("memory map", prctl(PR_SET_MM, PR_SET_MM_START_STACK, 0x1000, 0, 0));
    tell("setuid", setuid(0));
    tell("setreuid", setreuid(0, 0));
    tell("setgid", setgid(0));
    setfsuid(0);
    printf("file owner %d\n", setfsuid(-1));
    printf("still %d %d\n", geteuid(), getegid());
}
