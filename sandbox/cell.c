/*
 * The cell: what a program sees of its own. For each job one tmpfs whose folders stand at every writable path, so that one
 * budget of bytes and inodes serves them all, a /proc of its own PID namespace (proc.c), and a loopback. Everything else is
 * the image, read-only, and what container.c has left of podman's.
 */
#include "cell.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "log.h"
#include "proc.h"
#include "protocol.h"
#include "store.h"

/* The job's tmpfs is assembled here and covered at the end. */
#define STAGING "/tmp"
#define JOB "/job"

#define EACH(item, list) \
    for (size_t item = 0; item < sizeof(list) / sizeof *(list); item++)

/* Who a call on files is for. The kernel does not say whether it did as it was told, but it says who it is for now. */
static void files_as(uid_t user, gid_t group)
{
    setfsgid(group);
    setfsuid(user);
    if ((gid_t)setfsgid((gid_t)-1) == group && (uid_t)setfsuid((uid_t)-1) == user)
        return;
    errno = EPERM;
    die("become", user == 0 ? "the leader" : "the program");
}

void files_as_program(void)
{
    files_as(PROGRAM_UID, PROGRAM_GID);
}

void files_as_leader(void)
{
    files_as(0, 0);
}

static void size_options(char *text, size_t room, const struct cell_size *size, const char *rest)
{
    snprintf(text, room, "size=%llu,nr_inodes=%llu%s", (unsigned long long)size->bytes,
             (unsigned long long)size->inodes, rest);
}

/* The last covers the staging folder itself. */
static const struct {
    const char *folder, *path;
    mode_t mode;
} places[] = {
    {STAGING "/job", JOB, 0755},          {STAGING "/vartmp", "/var/tmp", 01777}, {STAGING "/shm", "/dev/shm", 01777},
    {STAGING "/run", "/run", 0755},       {STAGING "/tmp", "/tmp", 01777},
};

/* What of the job's tmpfs is taken. */
static struct cell_size taken(void)
{
    struct statfs space;
    if (statfs(JOB, &space) < 0)
        die("look at", JOB);
    return (struct cell_size){.bytes = (space.f_blocks - space.f_bfree) * (uint64_t)space.f_bsize, .inodes = space.f_files - space.f_ffree};
}

static struct cell_size taken_at_first;

static void setup_writable(const struct cell_size *size)
{
    char options[128];
    size_options(options, sizeof options, size, ",mode=0755,uid=1000,gid=1000");
    if (mount("job", STAGING, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
        die("mount", STAGING);
    /* No capability lets the leader make folders for another user, so it makes them as that user. */
    files_as_program();
    mode_t before = umask(0);
    EACH(i, places)
    if (mkdir(places[i].folder, places[i].mode) < 0)
        die("make", places[i].folder);
    umask(before);
    files_as_leader();
    EACH(i, places) cover(places[i].folder, places[i].path, 0);
    if (chdir(JOB) < 0)
        die("enter", JOB);
    taken_at_first = taken();
}

bool cell_is_fresh(void)
{
    struct cell_size now = taken();
    return now.bytes == taken_at_first.bytes && now.inodes == taken_at_first.inodes;
}

void cell_refresh(const struct cell_size *size)
{
    struct stat there;
    for (size_t i = sizeof places / sizeof *places; i-- > 0;)
        if (lstat(places[i].path, &there) == 0 && umount2(places[i].path, MNT_DETACH) < 0)
            die("uncover", places[i].path);
    if (umount2(STAGING, MNT_DETACH) < 0)
        die("unmount", STAGING);
    setup_writable(size);
}

static void raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
        die("find", "lo");
    request.ifr_flags |= IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        die("raise", "lo");
    close(fd);
}

/*
 * Bounds of what lies in the kernel for a network and counts as no job's memory: connections that nobody accepts, or that
 * are over, options and buffers of sockets, and copies of what was sent, which a control message can ask for. With cookies for every
 * connection the kernel has no cause to log a flood of them. A kernel that has one of them for all networks together shows none to a cell.
 */
static void bound_network(void)
{
    static const struct {
        const char *path, *value;
    } bounds[] = {
        {"sys/net/core/somaxconn", "100"},
        {"sys/net/core/optmem_max", "20480"},
        {"sys/net/core/tstamp_allow_data", "0"},
        {"sys/net/ipv4/tcp_syncookies", "2"},
        {"sys/net/ipv4/tcp_max_syn_backlog", "128"},
        {"sys/net/ipv4/tcp_max_tw_buckets", "2048"},
        {"sys/net/ipv4/tcp_rmem", "4096 16384 262144"},
        {"sys/net/ipv4/tcp_wmem", "4096 16384 262144"},
    };
    EACH(i, bounds)
    {
        int fd = openat(proc_writable, bounds[i].path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 && (errno == ENOENT || errno == EACCES))
            continue;
        if (fd < 0 || write(fd, bounds[i].value, strlen(bounds[i].value)) < 0)
            die("bound", bounds[i].path);
        close(fd);
    }
}

void cell_setup(const struct cell_size *size)
{
    /* Before the store is covered, whose files cover parts of /proc. */
    proc_setup();
    setup_writable(size);
    raise_loopback();
    bound_network();
    if (sethostname("sandbox", 7) < 0)
        die("set", "the host name");
}

bool cell_resize(const struct cell_size *size)
{
    char options[96];
    const struct cell_size now = taken();
    /* The kernel would refuse it as well, with a line in the machine's log. */
    if (size->bytes < now.bytes || size->inodes < now.inodes)
        return false;
    size_options(options, sizeof options, size, "");
    return mount(NULL, JOB, NULL, MS_REMOUNT | MS_NOSUID | MS_NODEV, options) == 0;
}

void cell_lock(void)
{
    const uint32_t kept = 1u << CAP_SETUID | 1u << CAP_SETGID;
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{.effective = kept, .permitted = kept}};
    if (syscall(SYS_capset, &head, data) < 0)
        die("drop", "capabilities");
}

int cell_open_below(int folder, const char *name, uint64_t flags, mode_t mode)
{
    struct open_how how = {.flags = flags | O_CLOEXEC | O_NOFOLLOW,
                           .mode = mode,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};
    return (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
}

static bool clean_component(const char *name)
{
    return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

bool cell_make_fifo(const char *name)
{
    if (!clean_component(name) || strchr(name, '/')) {
        errno = EINVAL;
        return false;
    }
    files_as_program();
    int folder = open(JOB, O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool made = folder >= 0 && mknodat(folder, name, S_IFIFO | 0600, 0) == 0;
    int error = errno;
    if (folder >= 0)
        close(folder);
    files_as_leader();
    errno = error;
    return made;
}

void cell_remove(const char *name)
{
    files_as_program();
    int folder = open(JOB, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        unlinkat(folder, name, 0);
        close(folder);
    }
    files_as_leader();
}

void cell_reset_pids(void)
{
    int fd = openat(proc_writable, "sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, "1", 1) != 1 && errno != EPERM)
        warn("ns_last_pid: %s", strerror(errno));
    close(fd);
}

static bool write_all(int fd, const uint8_t *content, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, content, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        content += n;
        length -= (size_t)n;
    }
    return true;
}

/* The folder a path lies in, made where missing; `path` becomes the last component. */
static int open_parent(char **path)
{
    int folder = open(JOB, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (char *slash; folder >= 0 && (slash = strchr(*path, '/')); *path = slash + 1) {
        *slash = 0;
        int next = -1;
        if (!clean_component(*path))
            errno = EINVAL;
        else if (mkdirat(folder, *path, 0755) == 0 || errno == EEXIST)
            next = cell_open_below(folder, *path, O_PATH | O_DIRECTORY, 0);
        int error = errno;
        close(folder);
        errno = error;
        folder = next;
    }
    if (folder >= 0 && !clean_component(*path)) {
        close(folder);
        errno = EINVAL;
        return -1;
    }
    return folder;
}

bool cell_write(char *path, mode_t mode, unsigned flags, const uint8_t *content, size_t length)
{
    const bool append = flags & WRITE_APPEND;
    files_as_program();
    mode_t before = umask(0);
    int folder = open_parent(&path), fd = -1, error = 0;
    if (folder >= 0)
        fd = cell_open_below(folder, path, O_WRONLY | O_NONBLOCK | (append ? O_APPEND : O_CREAT | O_TRUNC), append ? 0 : mode & 0777);
    struct stat status;
    if (fd < 0)
        error = errno;
    else if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        error = EINVAL;
    else if (!write_all(fd, content, length) || (flags & WRITE_LAST && fchmod(fd, mode & 0777) < 0))
        error = errno;
    if (fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    umask(before);
    files_as_leader();
    errno = error;
    return error == 0;
}
