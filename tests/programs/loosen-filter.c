#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A filter that allows everything, on top of the one that does not; and a listener, to answer for the kernel. */
int main(void)
{
    struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_filter notify[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)};
    struct sock_fprog open = {1, allow}, listened = {1, notify};
    printf("filter %s\n", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &open, 0, 0) == 0 ? "added" : strerrorname_np(errno));
    printf("mount %s\n", mount("none", "/tmp", "tmpfs", 0, NULL) == 0 ? "done" : strerrorname_np(errno));
    long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &listened);
    printf("listener %s\n", listener >= 0 ? "added" : strerrorname_np(errno));
    printf("privileges %s\n", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 ? "may grow" : strerrorname_np(errno));
}
