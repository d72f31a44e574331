/*
 * What a program may not ask of the kernel, on top of podman's own filter. The list refuses what reaches beyond a program's own
 * processes and files, or has been the door of one kernel fault after another; ordinary toolchains need none of it.
 */
#include "sandbox.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sock_fprog program;

static const char *const refused[] = {
    /* namespaces and mounts */
    "unshare", "setns", "mount", "umount", "umount2", "pivot_root", "chroot", "fsopen", "fsconfig", "fsmount", "fspick",
    "open_tree", "open_tree_attr", "move_mount", "mount_setattr", "listmount", "statmount", "quotactl", "quotactl_fd",
    /* code and data inside the kernel */
    "bpf", "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd", "perf_event_open", "keyctl", "add_key",
    "request_key", "init_module", "finit_module", "delete_module", "create_module", "kexec_load", "kexec_file_load",
    "lookup_dcookie", "fanotify_init", "vmsplice", "remap_file_pages", "uselib", "_sysctl", "nfsservctl",
    /* other processes */
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd", "move_pages",
    "migrate_pages",
    /* files past their paths, and the machine */
    "open_by_handle_at", "name_to_handle_at", "swapon", "swapoff", "reboot", "acct", "settimeofday", "clock_settime",
    "clock_settime64", "adjtimex", "clock_adjtime", "stime", "syslog", "iopl", "ioperm", "modify_ldt", "vhangup",
    "ustat", "sysfs",
};

/* Kinds of socket that stay inside the cell. */
static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

static void require(int result, const char *what)
{
    if (result == 0)
        return;
    warn("seccomp: %s: %s", what, strerror(-result));
    _exit(LEADER_FAULT);
}

static void refuse_calls(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        int number = seccomp_syscall_resolve_name(refused[i]);
        /* Not a call of this architecture, or newer than the library. */
        if (number == __NR_SCMP_ERROR || number < 0)
            continue;
        require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0), refused[i]);
    }
}

/* clone with a flag for a new namespace; clone3 hides its flags behind a pointer, so the C library is sent to clone. */
static void refuse_namespaces(scmp_filter_ctx filter)
{
    static const unsigned long flags[] = {CLONE_NEWNS,  CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER,
                                          CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                                 SCMP_A0(SCMP_CMP_MASKED_EQ, flags[i], flags[i])),
                "clone");
    require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), "clone3");
}

/* All but the families above. The ranges between them, since two comparisons of one argument cannot be joined. */
static void refuse_families(scmp_filter_ctx filter, int call)
{
    for (unsigned family = 0; family <= AF_NETLINK; family++) {
        size_t i = 0;
        while (i < sizeof families / sizeof *families && families[i] != (int)family)
            i++;
        if (i == sizeof families / sizeof *families)
            require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), call, 1, SCMP_A0(SCMP_CMP_EQ, family)),
                    "family");
    }
    require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), call, 1, SCMP_A0(SCMP_CMP_GT, AF_NETLINK)),
            "family");
}

/* Within those families TCP, UDP and the routing table; asking for another protocol would load its kernel module. */
static void refuse_protocols(scmp_filter_ctx filter)
{
    static const unsigned internet[] = {AF_INET, AF_INET6};
    static const unsigned types[] = {SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET, SOCK_DCCP, SOCK_PACKET};
    const uint32_t refusal = SCMP_ACT_ERRNO(EPROTONOSUPPORT);
    for (size_t i = 0; i < sizeof internet / sizeof *internet; i++) {
        for (size_t k = 0; k < sizeof types / sizeof *types; k++)
            require(seccomp_rule_add(filter, refusal, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, internet[i]),
                                     SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, types[k])),
                    "type");
        require(seccomp_rule_add(filter, refusal, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, internet[i]),
                                 SCMP_A2(SCMP_CMP_GT, IPPROTO_UDP)),
                "protocol");
    }
    require(seccomp_rule_add(filter, refusal, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK),
                             SCMP_A2(SCMP_CMP_NE, NETLINK_ROUTE)),
            "netlink");
}

/* The limit of core files stays what program.c says; to ask for another does nothing, and is no error. */
static void keep_core_limit(scmp_filter_ctx filter)
{
    require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(0), SCMP_SYS(setrlimit), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffffu, RLIMIT_CORE)),
            "setrlimit");
    require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(0), SCMP_SYS(prlimit64), 2,
                             SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, RLIMIT_CORE), SCMP_A2(SCMP_CMP_NE, 0)),
            "prlimit64");
}

/* Typing into somebody else's terminal. */
static void refuse_ioctls(scmp_filter_ctx filter)
{
    static const unsigned requests[] = {TIOCSTI, TIOCLINUX};
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
                                 SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, requests[i])),
                "ioctl");
}

void seccomp_prepare(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter)
        require(-ENOMEM, "init");
    /* 32-bit and x32 calls would walk around every rule. */
    require(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)), "architecture");
    require(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimise");
    refuse_calls(filter);
    refuse_namespaces(filter);
    refuse_families(filter, SCMP_SYS(socket));
    refuse_families(filter, SCMP_SYS(socketpair));
    refuse_protocols(filter);
    keep_core_limit(filter);
    refuse_ioctls(filter);

    int fd = memfd_create("filter", MFD_CLOEXEC);
    require(fd < 0 ? -errno : seccomp_export_bpf(filter, fd), "export");
    seccomp_release(filter);
    off_t size = lseek(fd, 0, SEEK_END);
    program.len = (unsigned short)((size_t)size / sizeof *program.filter);
    program.filter = malloc((size_t)size);
    if (!program.filter || pread(fd, program.filter, (size_t)size, 0) != size)
        require(-EIO, "read back");
    close(fd);
}

bool seccomp_enter(void)
{
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}
