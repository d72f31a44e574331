/*
 * What a program may ask of the kernel, on top of podman's own filter. Two filters, of which the stricter answer counts:
 *
 *   the list   allowed.c names the calls there are; any other answers ENOSYS, as a kernel without it does. What every kernel
 *              has and grants to root alone answers EPERM, what reaches all of the machine succeeds and does nothing.
 *   the rules  here: of the calls that there are, which arguments are refused, and of which calls the leader is told.
 *
 * Nobody makes a call that is told who does not mean to leave; it answers EPERM (seccomp-notify.c). A call is refused in silence
 * where honest programs make it as well and live with the refusal:
 *
 *   ptrace, process_vm_*           the leak sanitizer stops the threads of its own program, unwinders read their own memory;
 *                                  of PID 1, which is no process of the program's, the leader is told
 *   unshare without a namespace    a thread that wants a working folder of its own
 *   clone3                         the C library tries it first; its flags lie behind a pointer, so they cannot be told apart
 *   sockets                        ping and cryptography look for their families
 *   seccomp, socket filters        their code lies in memory that the whole machine shares
 *
 * A netlink socket, by which the C library lists network interfaces, is made by the leader (seccomp-notify.c), who counts them: what lies
 * in it counts as no job's memory. Sockets of UDP, those that listen and locks of parts of files are made as ever, once the leader has counted
 * them, for the same reason.
 * Nothing watches files (inotify, F_NOTIFY): those of an image are one for all its sandboxes, and a watch would tell of a neighbour.
 *
 * Nor is there word of what podman's filter refuses before these are asked: an error is stricter than a notification. With podman's
 * own that is chroot, open_by_handle_at, userfaultfd, modules, kexec, swap, the clock.
 */
#include "seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "allowed.h"
#include "leader-exit.h"
#include "log.h"
#include "seccomp-notify.h"

/* The list; the rules whose leader is told, where the kernel can (else they have no instructions); those that only refuse. */
static struct sock_fprog list, telling, silent;

static const char *const told[] = {
    /* namespaces, mounts, and the end of them all; clone, unshare and what goes against PID 1 have rules of their own */
    "setns", "mount", "umount2", "pivot_root", "fsopen", "fspick", "open_tree", "move_mount", "mount_setattr", "bpf", "reboot",
};
enum { RULED_CALLS = 5 };
_Static_assert(sizeof told / sizeof *told + RULED_CALLS <= NOTIFIED_CALLS, "a report has room for every call");

/* The low half of an argument that the kernel reads as an int. */
#define INT_IS(argument, value) SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, 0xffffffffu, value)
#define HAS_BIT(argument, bit) SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, bit, bit)

static void require(int result, const char *what)
{
    if (result == 0)
        return;
    warn("seccomp: %s: %s", what, strerror(-result));
    _exit(LEADER_FAULT);
}

static void add_calls(scmp_filter_ctx filter, const char *const *names, size_t count, uint32_t action)
{
    for (size_t i = 0; i < count; i++) {
        int number = seccomp_syscall_resolve_name(names[i]);
        /* Not a call of this architecture, or newer than the library. */
        if (number == __NR_SCMP_ERROR || number < 0)
            continue;
        require(seccomp_rule_add(filter, action, number, 0), names[i]);
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

/* Refuses one kind of value of an int argument. */
static void refuse_value(scmp_filter_ctx filter, int call, unsigned argument, unsigned value, int error)
{
    require(seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)error), call, 1, INT_IS(argument, value)), "value");
}

/* Whether this kernel has a family. Where it has not, it starts modprobe on the machine each time it is asked for a socket of it. */
static bool has_family(int family)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        close(fd);
    return fd >= 0 || errno != EAFNOSUPPORT;
}

/*
 * Sockets stay inside the cell: Unix, IPv4 and IPv6. `netlink` is what becomes of those that list interfaces. Pairs are of Unix
 * alone: the kernel makes two sockets, of any protocol that is asked for, before it says that others have no pairs.
 */
static void refuse_families(scmp_filter_ctx filter, uint32_t netlink)
{
    const uint32_t refusal = SCMP_ACT_ERRNO(EAFNOSUPPORT);
    const bool ipv6 = has_family(AF_INET6);
    const int calls[] = {SCMP_SYS(socket), SCMP_SYS(socketpair)};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        for (unsigned family = 0; family < AF_NETLINK; family++)
            if (family != AF_UNIX && family != AF_INET && (family != AF_INET6 || !ipv6))
                require(seccomp_rule_add(filter, refusal, calls[i], 1, SCMP_A0(SCMP_CMP_EQ, family)), "family");
        require(seccomp_rule_add(filter, refusal, calls[i], 1, SCMP_A0(SCMP_CMP_GT, AF_NETLINK)), "family");
    }
    const uint32_t no_pairs = SCMP_ACT_ERRNO(EOPNOTSUPP);
    require(seccomp_rule_add(filter, no_pairs, SCMP_SYS(socketpair), 1, SCMP_A0(SCMP_CMP_EQ, AF_INET)), "pairs");
    if (ipv6)
        require(seccomp_rule_add(filter, no_pairs, SCMP_SYS(socketpair), 1, SCMP_A0(SCMP_CMP_EQ, AF_INET6)), "pairs");
    require(seccomp_rule_add(filter, refusal, SCMP_SYS(socketpair), 1, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK)), "netlink");
    require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPROTONOSUPPORT), SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK),
                             SCMP_A2(SCMP_CMP_NE, NETLINK_ROUTE)),
            "netlink");
    require(seccomp_rule_add(filter, netlink, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK),
                             SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE)),
            "netlink");
}

/* Every protocol of one type but one and 0, which is the same. */
static void refuse_other_protocols(scmp_filter_ctx filter, unsigned family, unsigned type, unsigned protocol)
{
    const uint32_t refusal = SCMP_ACT_ERRNO(EPROTONOSUPPORT);
    const struct scmp_arg_cmp of_family = SCMP_A0(SCMP_CMP_EQ, family), of_type = SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, type);
    for (unsigned other = 1; other < protocol; other++)
        require(seccomp_rule_add(filter, refusal, SCMP_SYS(socket), 3, of_family, of_type, SCMP_A2(SCMP_CMP_EQ, other)),
                "protocol");
    require(seccomp_rule_add(filter, refusal, SCMP_SYS(socket), 3, of_family, of_type, SCMP_A2(SCMP_CMP_GT, protocol)),
            "protocol");
}

/*
 * Of IPv4 and IPv6 TCP and UDP. For any other pair of type and protocol the kernel starts modprobe on the machine, as root, each
 * time it is asked.
 */
static void refuse_protocols(scmp_filter_ctx filter)
{
    static const unsigned internet[] = {AF_INET, AF_INET6};
    for (size_t i = 0; i < sizeof internet / sizeof *internet; i++) {
        for (unsigned type = 0; type <= 0xf; type++)
            if (type != SOCK_STREAM && type != SOCK_DGRAM)
                require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPROTONOSUPPORT), SCMP_SYS(socket), 2,
                                         SCMP_A0(SCMP_CMP_EQ, internet[i]), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, type)),
                        "type");
        refuse_other_protocols(filter, internet[i], SOCK_STREAM, IPPROTO_TCP);
        refuse_other_protocols(filter, internet[i], SOCK_DGRAM, IPPROTO_UDP);
    }
}

/*
 * Whether copies of what was sent, with times, can be switched off for each network (cell.c does). Such a kernel counts
 * what a connection of TCP consists of as the memory of who accepts it, too.
 */
static bool bounds_connections(void)
{
    return access("/proc/sys/net/core/tstamp_allow_data", F_OK) == 0;
}

/*
 * `counted` is what becomes of a socket of UDP: the leader lets it through while there are not too many. Of TCP no more than a connection that
 * nobody has accepted counts as no job's memory, with what it was sent, and so the leader is told of who listens; on a kernel
 * that does not bound the others, of all sockets of TCP.
 */
static void rule_sockets(scmp_filter_ctx filter, uint32_t counted)
{
    static const unsigned internet[] = {AF_INET, AF_INET6};
    static const struct {
        unsigned type, protocol;
    } kinds[] = {{SOCK_DGRAM, 0}, {SOCK_DGRAM, IPPROTO_UDP}, {SOCK_STREAM, 0}, {SOCK_STREAM, IPPROTO_TCP}};
    enum { OF_UDP = 2 };
    if (counted == SCMP_ACT_ALLOW)
        return;
    const size_t families = has_family(AF_INET6) ? 2 : 1;
    const bool bounded = bounds_connections();
    if (bounded)
        require(seccomp_rule_add(filter, counted, SCMP_SYS(listen), 0), "listen");
    for (size_t i = 0; i < families; i++)
        for (size_t k = 0; k < (bounded ? OF_UDP : sizeof kinds / sizeof *kinds); k++)
            require(seccomp_rule_add(filter, counted, SCMP_SYS(socket), 3, SCMP_A0(SCMP_CMP_EQ, internet[i]),
                                     SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, kinds[k].type),
                                     SCMP_A2(SCMP_CMP_EQ, kinds[k].protocol)),
                    "sockets");
}

/*
 * Buffers stay as large as the kernel makes them: to ask for others is no error. Nor is it to ask for errors of the network (glibc's
 * resolver does), which would lie in a queue that counts as no job's memory: a socket that is connected is told of them anyway.
 * Code of a program's own inside the kernel, and what brings other code of the kernel into play (TLS, IPsec, signed segments,
 * multicast by groups of netlink), is; so are copies of what was sent, with the time, all options of IPv6 in one block, and what sockets of TCP,
 * which nobody counts, could fill with it: lists of senders, notices of what was sent without a copy.
 */
static void refuse_socket_options(scmp_filter_ctx filter)
{
    enum { FLOW_LABELS = 32, TCP_AO_ADD = 38 };
    static const struct {
        unsigned level, name;
        int error;
    } options[] = {
        {SOL_SOCKET, SO_RCVBUF, 0},
        {SOL_SOCKET, SO_SNDBUF, 0},
        {IPPROTO_IP, IP_RECVERR, 0},
        {IPPROTO_IPV6, IPV6_RECVERR, 0},
        {SOL_SOCKET, SO_TIMESTAMPING_OLD, ENOPROTOOPT},
        {SOL_SOCKET, SO_TIMESTAMPING_NEW, ENOPROTOOPT},
        /* Kernels that know it say in the machine's log who asked. */
        {SOL_SOCKET, SO_BSDCOMPAT, 0},
        {SOL_SOCKET, SO_RCVBUFFORCE, EPERM},
        {SOL_SOCKET, SO_SNDBUFFORCE, EPERM},
        {SOL_SOCKET, SO_ATTACH_FILTER, ENOPROTOOPT},
        {SOL_SOCKET, SO_ATTACH_BPF, ENOPROTOOPT},
        {SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, ENOPROTOOPT},
        {SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, ENOPROTOOPT},
        {SOL_SOCKET, SO_LOCK_FILTER, ENOPROTOOPT},
        {SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, ENOPROTOOPT},
        {SOL_SOCKET, SO_ZEROCOPY, EOPNOTSUPP},
        {IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, ENOPROTOOPT},
        {IPPROTO_IP, IP_MSFILTER, ENOPROTOOPT},
        {IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, ENOPROTOOPT},
        {IPPROTO_IP, MCAST_MSFILTER, ENOPROTOOPT},
        {IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, ENOPROTOOPT},
        {IPPROTO_IPV6, MCAST_MSFILTER, ENOPROTOOPT},
        {IPPROTO_TCP, TCP_MD5SIG, ENOPROTOOPT},
        {IPPROTO_TCP, TCP_ULP, ENOPROTOOPT},
        {IPPROTO_TCP, TCP_MD5SIG_EXT, ENOPROTOOPT},
        {IPPROTO_TCP, TCP_AO_ADD, ENOPROTOOPT},
        {IPPROTO_UDP, UDP_ENCAP, ENOPROTOOPT},
        {IPPROTO_IPV6, IPV6_2292PKTOPTIONS, ENOPROTOOPT},
        /* Labels are 4,096 for all networks of the machine together. */
        {IPPROTO_IPV6, FLOW_LABELS, ENOPROTOOPT},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        require(seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)options[i].error), SCMP_SYS(setsockopt), 2,
                                 INT_IS(1, options[i].level), INT_IS(2, options[i].name)),
                "option");
    refuse_value(filter, SCMP_SYS(setsockopt), 1, SOL_NETLINK, ENOPROTOOPT);
    require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOPROTOOPT), SCMP_SYS(getsockopt), 2, INT_IS(1, SOL_SOCKET), INT_IS(2, SO_BSDCOMPAT)),
            "option");
}

/*
 * What the whole machine has one of: memory for filters, pages merged between processes, huge pages, the page cache. What
 * only advises is no error and does nothing.
 */
static void refuse_pools(scmp_filter_ctx filter)
{
    enum { MERGE_MEMORY = 67 };
    require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp), 0), "seccomp");
    refuse_value(filter, SCMP_SYS(prctl), 0, PR_SET_SECCOMP, EINVAL);
    refuse_value(filter, SCMP_SYS(prctl), 0, PR_SCHED_CORE, EINVAL);
    refuse_value(filter, SCMP_SYS(prctl), 0, MERGE_MEMORY, EINVAL);
    refuse_value(filter, SCMP_SYS(madvise), 2, MADV_MERGEABLE, EINVAL);
    refuse_value(filter, SCMP_SYS(fadvise64), 3, POSIX_FADV_DONTNEED, 0);
    /* What a job can write lies in memory; of a file of the image it would empty the cache of the machine's disk. */
    refuse_value(filter, SCMP_SYS(msync), 2, MS_SYNC, 0);
    refuse_value(filter, SCMP_SYS(msync), 2, MS_SYNC | MS_INVALIDATE, 0);
    const struct {
        int call;
        struct scmp_arg_cmp flag;
    } huge[] = {{SCMP_SYS(mmap), HAS_BIT(3, MAP_HUGETLB)},
                {SCMP_SYS(memfd_create), HAS_BIT(1, MFD_HUGETLB)},
                {SCMP_SYS(shmget), HAS_BIT(2, SHM_HUGETLB)}};
    for (size_t i = 0; i < sizeof huge / sizeof *huge; i++)
        require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), huge[i].call, 1, huge[i].flag), "huge pages");
}

/* The limit of core files stays what program.c says; to ask for another does nothing, and is no error. */
static void keep_core_limit(scmp_filter_ctx filter)
{
    refuse_value(filter, SCMP_SYS(setrlimit), 0, RLIMIT_CORE, 0);
    require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(0), SCMP_SYS(prlimit64), 2, INT_IS(1, RLIMIT_CORE),
                             SCMP_A2(SCMP_CMP_NE, 0)),
            "prlimit64");
}

/*
 * A lock of a part of a file is memory of the kernel that counts as nobody's, and one file can have any number of them. `locking` is what
 * becomes of a call that makes one: the leader counts, by the processes that hold them. So there are none of open files, which name no
 * process, and no process shares its descriptors with another, which would end and leave its locks to it.
 */
static void rule_locks(scmp_filter_ctx filter, uint32_t locking)
{
    const int call = SCMP_SYS(fcntl);
    refuse_value(filter, call, 1, F_OFD_SETLK, EINVAL);
    refuse_value(filter, call, 1, F_OFD_SETLKW, EINVAL);
    refuse_value(filter, call, 1, F_NOTIFY, EINVAL);
    require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_FILES | CLONE_THREAD, CLONE_FILES)),
            "descriptors");
    if (locking == SCMP_ACT_ALLOW)
        return;
    require(seccomp_rule_add(filter, locking, call, 1, INT_IS(1, F_SETLK)), "locks");
    require(seccomp_rule_add(filter, locking, call, 1, INT_IS(1, F_SETLKW)), "locks");
}

/*
 * Where FUTEX_WAKE_OP shifts its operand by more than 31, the kernel writes a line with the program's name each time. The filter cannot tell
 * by how much, and refuses every shift.
 */
static void keep_log(scmp_filter_ctx filter)
{
    static const unsigned operations[] = {FUTEX_WAKE_OP, FUTEX_WAKE_OP_PRIVATE};
    const unsigned shifted = (unsigned)FUTEX_OP_OPARG_SHIFT << 28;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(futex), 2, INT_IS(1, operations[i]), HAS_BIT(5, shifted)),
                "futex");
}

/* Typing into somebody else's terminal, and the protocols that a terminal can speak. Asking for bridges and the like, which loads their modules. */
static void refuse_ioctls(scmp_filter_ctx filter)
{
    static const unsigned requests[] = {TIOCSTI,     TIOCLINUX,   TIOCSETD,    SIOCGIFBR,   SIOCSIFBR,   SIOCBRADDBR, SIOCBRDELBR,
                                        SIOCBRADDIF, SIOCBRDELIF, SIOCGIFVLAN, SIOCSIFVLAN, SIOCADDDLCI, SIOCDELDLCI};
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        refuse_value(filter, SCMP_SYS(ioctl), 1, requests[i], EPERM);
}

static scmp_filter_ctx begin(uint32_t otherwise)
{
    scmp_filter_ctx filter = seccomp_init(otherwise);
    if (!filter)
        require(-ENOMEM, "init");
    /* 32-bit and x32 calls would walk around every rule. */
    require(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)), "architecture");
    require(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimise");
    return filter;
}

/* The filter as the kernel takes it. */
static void finish(scmp_filter_ctx filter, struct sock_fprog *program)
{
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

static void build_list(void)
{
    scmp_filter_ctx filter = begin(SCMP_ACT_ERRNO(ENOSYS));
    add_calls(filter, allowed_calls.names, allowed_calls.count, SCMP_ACT_ALLOW);
    for (size_t i = 0; i < newer_calls.count; i++)
        require(seccomp_rule_add(filter, SCMP_ACT_ALLOW, newer_calls.numbers[i], 0), "a newer call");
    /* What becomes of them the rules say. */
    add_calls(filter, told, sizeof told / sizeof *told, SCMP_ACT_ALLOW);
    add_calls(filter, root_calls.names, root_calls.count, SCMP_ACT_ERRNO(EPERM));
    add_calls(filter, idle_calls.names, idle_calls.count, SCMP_ACT_ERRNO(0));
    finish(filter, &list);
}

/*
 * `refusal` is what becomes of the calls the leader wants to know of, `netlink` of a socket that lists interfaces, `counted` of other sockets and of
 * a lock.
 */
static void build_rules(struct sock_fprog *program, uint32_t refusal, uint32_t netlink, uint32_t counted)
{
    scmp_filter_ctx filter = begin(SCMP_ACT_ALLOW);
    add_calls(filter, told, sizeof told / sizeof *told, refusal);
    refuse_namespaces(filter, refusal);
    refuse_tracing(filter, refusal);
    refuse_families(filter, netlink);
    refuse_protocols(filter);
    rule_sockets(filter, counted);
    refuse_socket_options(filter);
    refuse_pools(filter);
    keep_core_limit(filter);
    refuse_ioctls(filter);
    rule_locks(filter, counted);
    keep_log(filter);
    finish(filter, program);
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
    build_list();
    build_rules(&silent, SCMP_ACT_ERRNO(EPERM), SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_ACT_ALLOW);
    if (kernel_tells())
        build_rules(&telling, SCMP_ACT_NOTIFY, SCMP_ACT_NOTIFY, SCMP_ACT_NOTIFY);
}

/*
 * Once the leader has received a call, no handler of a signal shall interrupt it, where the kernel has that (Linux 5.19): `socket` and `fcntl`
 * with F_SETLK never answer EINTR elsewhere.
 */
static int listen_to_rules(void)
{
    enum { WAIT_KILLABLE = 1 << 5 };
    const unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | WAIT_KILLABLE, &telling);
    if (listener < 0 && errno == EINVAL)
        listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &telling);
    return listener;
}

static bool enter_rules(int *listener)
{
    *listener = telling.len > 0 ? listen_to_rules() : -1;
    return *listener >= 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &silent, 0, 0) == 0;
}

bool seccomp_enter(int *listener)
{
    /* The rules refuse further filters, so they go last. */
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &list, 0, 0) == 0 && enter_rules(listener);
}
