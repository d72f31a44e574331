/*
 * What a program may not ask of the kernel, on top of podman's own filter. The list refuses what reaches beyond a program's own
 * processes and files, or has been the door of one kernel fault after another; ordinary toolchains need none of it.
 *
 * Some of it says more than that: nobody asks for it who does not mean to leave. Of those calls the leader is told
 * (notices.c). A call is refused in silence where honest programs make it as well and live with the refusal:
 *
 *   io_uring_*                     libuv, the event loop of Node, looks whether it is there
 *   keyctl, add_key, request_key   Kerberos, behind curl, git and ssh, looks for a ring with tickets
 *   perf_event_open                benchmark libraries and profilers look for counters
 *   ptrace, process_vm_*           the leak sanitizer stops the threads of its own program, unwinders read their own memory;
 *                                  of PID 1, which is no process of the program's, the leader is told
 *   unshare without a namespace    a thread that wants a working folder of its own
 *   clone3                         the C library tries it first; its flags lie behind a pointer, so they cannot be told apart
 *   fsconfig, fsmount              nothing comes of them without fsopen, of which the leader is told
 *   sockets                        ping and cryptography look for their families
 *   the rest                       asks, measures or is a matter of the machine's care, and is no way out
 *
 * Nor is there word of what podman's filter refuses before this one is asked: the stricter answer counts, and an error is
 * stricter than a notice. With podman's own that is chroot, open_by_handle_at, userfaultfd, modules, kexec, swap, the clock.
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
#include <sys/syscall.h>
#include <unistd.h>

/* The filter whose leader is told, where the kernel can (else it has no instructions), and the one that only refuses. */
static struct sock_fprog telling, silent;

static const char *const told[] = {
    /* namespaces, mounts, and the end of them all; clone, unshare and what goes against PID 1 have rules of their own */
    "setns", "mount", "umount2", "pivot_root", "fsopen", "fspick", "open_tree", "move_mount", "mount_setattr", "bpf", "reboot",
};
enum { RULED_CALLS = 5 };
_Static_assert(sizeof told / sizeof *told + RULED_CALLS <= TOLD_CALLS, "a report has room for every call");

static const char *const refused[] = {
    /* namespaces and mounts */
    "umount", "chroot", "fsconfig", "fsmount", "open_tree_attr", "listmount", "statmount", "quotactl", "quotactl_fd",
    /* code and data inside the kernel */
    "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd", "perf_event_open", "keyctl", "add_key",
    "request_key", "init_module", "finit_module", "delete_module", "create_module", "kexec_load", "kexec_file_load",
    "lookup_dcookie", "fanotify_init", "vmsplice", "remap_file_pages", "uselib", "_sysctl", "nfsservctl",
    /* other processes */
    "process_madvise", "kcmp", "pidfd_getfd", "move_pages",
    "migrate_pages",
    /* files past their paths, and the machine */
    "open_by_handle_at", "name_to_handle_at", "swapon", "swapoff", "acct", "settimeofday", "clock_settime",
    "clock_settime64", "adjtimex", "clock_adjtime", "stime", "syslog", "iopl", "ioperm", "modify_ldt", "vhangup",
    "ustat", "sysfs",
};

/*
 * What the kernel counts for all containers and the machine's root together, so that a single program could use it up, and
 * programs know how to do without. A watch would also tell of others: /dev/null and its like are the machine's own files.
 */
static const char *const missing[] = {"inotify_init", "inotify_init1", "io_setup"};

/* Kinds of socket that stay inside the cell. */
static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

static void require(int result, const char *what)
{
    if (result == 0)
        return;
    warn("seccomp: %s: %s", what, strerror(-result));
    _exit(LEADER_FAULT);
}

static void refuse_calls(scmp_filter_ctx filter, const char *const *names, size_t count, uint32_t refusal)
{
    for (size_t i = 0; i < count; i++) {
        int number = seccomp_syscall_resolve_name(names[i]);
        /* Not a call of this architecture, or newer than the library. */
        if (number == __NR_SCMP_ERROR || number < 0)
            continue;
        require(seccomp_rule_add(filter, refusal, number, 0), names[i]);
    }
}

/*
 * clone and unshare with a flag for a new namespace, unshare without one. clone3 hides its flags behind a pointer, so the C
 * library is sent to clone. To clone, the bit of a time namespace is part of a signal's number.
 */
static void refuse_namespaces(scmp_filter_ctx filter, uint32_t refusal)
{
    static const unsigned long flags[] = {CLONE_NEWNS,  CLONE_NEWUTS, CLONE_NEWIPC,    CLONE_NEWUSER,
                                          CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP, CLONE_NEWTIME};
    unsigned long any = 0;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        struct scmp_arg_cmp set = SCMP_A0(SCMP_CMP_MASKED_EQ, flags[i], flags[i]);
        any |= flags[i];
        if (flags[i] != CLONE_NEWTIME)
            require(seccomp_rule_add(filter, refusal, SCMP_SYS(clone), 1, set), "clone");
        require(seccomp_rule_add(filter, refusal, SCMP_SYS(unshare), 1, set), "unshare");
    }
    require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, any, 0)),
            "unshare");
    require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), "clone3");
}

/* Tracing, reading and writing other processes. PID 1 is the leader. */
static void refuse_tracing(scmp_filter_ctx filter, uint32_t refusal)
{
    static const struct {
        int call;
        unsigned argument; /* where the process id stands */
    } ways[] = {{SCMP_SYS(ptrace), 1}, {SCMP_SYS(process_vm_readv), 0}, {SCMP_SYS(process_vm_writev), 0}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const unsigned argument = ways[i].argument;
        require(seccomp_rule_add(filter, refusal, ways[i].call, 1, SCMP_CMP(argument, SCMP_CMP_EQ, 1)), "PID 1");
        require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), ways[i].call, 1, SCMP_CMP(argument, SCMP_CMP_NE, 1)),
                "a process");
    }
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

/* The filter as the kernel takes it. `refusal` is what becomes of the calls the leader wants to know of. */
static void build(struct sock_fprog *program, uint32_t refusal)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter)
        require(-ENOMEM, "init");
    /* 32-bit and x32 calls would walk around every rule. */
    require(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)), "architecture");
    require(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimise");
    refuse_calls(filter, refused, sizeof refused / sizeof *refused, SCMP_ACT_ERRNO(EPERM));
    refuse_calls(filter, missing, sizeof missing / sizeof *missing, SCMP_ACT_ERRNO(ENOSYS));
    refuse_calls(filter, told, sizeof told / sizeof *told, refusal);
    refuse_namespaces(filter, refusal);
    refuse_tracing(filter, refusal);
    refuse_families(filter, SCMP_SYS(socket));
    refuse_families(filter, SCMP_SYS(socketpair));
    refuse_protocols(filter);
    keep_core_limit(filter);
    refuse_ioctls(filter);

    int fd = memfd_create("filter", MFD_CLOEXEC);
    require(fd < 0 ? -errno : seccomp_export_bpf(filter, fd), "export");
    seccomp_release(filter);
    off_t size = lseek(fd, 0, SEEK_END);
    program->len = (unsigned short)((size_t)size / sizeof *program->filter);
    program->filter = malloc((size_t)size);
    if (!program->filter || pread(fd, program->filter, (size_t)size, 0) != size)
        require(-EIO, "read back");
    close(fd);
}

/* Whether this kernel tells of calls, in the shape known here. */
static bool kernel_tells(void)
{
    const uint32_t action = SECCOMP_RET_USER_NOTIF;
    struct seccomp_notif_sizes sizes;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 &&
           syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0 &&
           sizes.seccomp_notif == sizeof(struct seccomp_notif) &&
           sizes.seccomp_notif_resp == sizeof(struct seccomp_notif_resp);
}

void seccomp_prepare(void)
{
    build(&silent, SCMP_ACT_ERRNO(EPERM));
    if (kernel_tells())
        build(&telling, SCMP_ACT_NOTIFY);
}

bool seccomp_enter(int *listener)
{
    *listener = -1;
    if (telling.len > 0)
        *listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &telling);
    return *listener >= 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &silent, 0, 0) == 0;
}
