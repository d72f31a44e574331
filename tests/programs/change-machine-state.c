#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What changes how the processor or the kernel treats a process, or the machine itself. Arguments are well-formed. */
static void tell(const char *what, long result)
{
    printf("%s %s\n", what, result < 0 ? strerrorname_np(errno) : "allowed");
}

int main(void)
{
    char room[4096] = {0};
    long now[2] = {0, 0};
#ifdef __x86_64__
    tell("modify_ldt", syscall(SYS_modify_ldt, 0, room, sizeof room));
    tell("iopl", syscall(SYS_iopl, 3));
    tell("ioperm", syscall(SYS_ioperm, 0x70, 2, 1));
#else
    puts("modify_ldt EPERM\niopl EPERM\nioperm EPERM");
#endif
    tell("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
    tell("reboot", syscall(SYS_reboot, 0xfee1dead, 672274793, 0x89ABCDEF, NULL));
    tell("settimeofday", syscall(SYS_settimeofday, now, NULL));
    tell("clock_settime", syscall(SYS_clock_settime, 0, now));
    tell("sethostname", sethostname("x", 1));
    tell("setdomainname", setdomainname("x", 1));
    tell("syslog", syscall(SYS_syslog, 3, room, sizeof room));
    tell("acct", syscall(SYS_acct, "/job/accounting"));
    tell("quotactl", syscall(SYS_quotactl, 0x800005 << 8, NULL, 0, room));
    tell("vhangup", syscall(SYS_vhangup));
    tell("init_module", syscall(SYS_init_module, room, sizeof room, ""));
    tell("personality of another kernel", personality(PER_BSD));
    tell("addresses that are not random", personality(ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC));
}
