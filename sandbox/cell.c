/*
 * The cell: what a program sees. Once for the container: podman's own files are taken away or covered. For each job: one
 * tmpfs whose folders stand at every writable path, so that one budget of bytes and inodes serves them all, and a /proc
 * of its own PID namespace with the parts that tell of the host covered. Everything else is the image, read-only.
 */
#include "sandbox.h"

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
#include <unistd.h>

/* podman mounts a small tmpfs here for every container; after container_prepare only bind mounts of its files are used. */
#define STORE "/run"
/* The job's tmpfs is assembled here and covered at the end. */
#define STAGING "/tmp"
#define JOB "/job"
/* Each container has its own file system of them; when the last cell ended its terminals did. */
#define TERMINALS "64"

static const char *const covered_files[] = {
    "/proc/cmdline", "/proc/config.gz", "/proc/diskstats", "/proc/interrupts", "/proc/kcore", "/proc/kallsyms",
    "/proc/keys", "/proc/key-users", "/proc/kmsg", "/proc/latency_stats", "/proc/modules", "/proc/partitions",
    "/proc/sched_debug", "/proc/schedstat", "/proc/softirqs", "/proc/sysrq-trigger", "/proc/timer_list",
};
static const char *const covered_folders[] = {"/proc/acpi", "/proc/asound", "/proc/bus", "/proc/driver",
                                              "/proc/fs", "/proc/irq", "/proc/pressure", "/proc/scsi"};

#define EACH(item, list) \
    for (size_t item = 0; item < sizeof(list) / sizeof *(list); item++)

static _Noreturn void die(const char *what, const char *which)
{
    warn("%s %s: %s", what, which, strerror(errno));
    _exit(LEADER_FAULT);
}

/* Puts `from` over `to`, if there is a `to`. */
static void bind_over(const char *from, const char *to, unsigned long flags)
{
    if (mount(from, to, NULL, MS_BIND, NULL) < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return;
        die("cover", to);
    }
    if (flags && mount(NULL, to, NULL, MS_BIND | MS_REMOUNT | flags, NULL) < 0)
        die("restrict", to);
}

static void store_file(const char *path, const char *content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0444);
    if (fd < 0 || write(fd, content, strlen(content)) < 0)
        die("write", path);
    close(fd);
}

void container_prepare(bool wire)
{
    static const struct {
        const char *path, *store, *content;
    } told[] = {
        {"/etc/hosts", STORE "/hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n"},
        {"/etc/hostname", STORE "/hostname", "sandbox\n"},
        {"/etc/resolv.conf", STORE "/resolv.conf", ""},
    };
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        die("make private", "/");
    /* podman's own are bind mounts whose source, a path of the host, would show in mountinfo. */
    umount2("/run/.containerenv", MNT_DETACH);
    if (wire && umount2(WIRE_FOLDER, MNT_DETACH) < 0)
        die("unmount", WIRE_FOLDER);
    if (mkdir(STORE "/empty", 0555) < 0 && errno != EEXIST)
        die("make", STORE "/empty");
    EACH(i, told)
    {
        umount2(told[i].path, MNT_DETACH);
        store_file(told[i].store, told[i].content);
        bind_over(told[i].store, told[i].path, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
    }
    /* A link to /proc/kcore, which some OCI runtimes make. */
    unlink("/dev/core");
    /* The queue of the container's IPC namespace would outlive a job. */
    bind_over(STORE "/empty", "/dev/mqueue", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
    /* The machine has one number of terminals for all containers. */
    if (mount(NULL, "/dev/pts", NULL, MS_REMOUNT | MS_NOSUID | MS_NOEXEC, "ptmxmode=0666,mode=0620,gid=5,max=" TERMINALS) < 0)
        die("limit", "/dev/pts");
    /* The gauges are open by now; the rest, the container's name among it, nobody needs. */
    umount2("/sys", MNT_DETACH);
    bind_over(STORE "/empty", "/sys", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
}

static void size_options(char *text, size_t room, const struct cell_size *size, const char *rest)
{
    snprintf(text, room, "size=%llu,nr_inodes=%llu%s", (unsigned long long)size->bytes,
             (unsigned long long)size->inodes, rest);
}

static void setup_writable(const struct cell_size *size)
{
    static const struct {
        const char *folder, *path;
        mode_t mode;
    } places[] = {
        {STAGING "/job", JOB, 0755},          {STAGING "/vartmp", "/var/tmp", 01777}, {STAGING "/shm", "/dev/shm", 01777},
        {STAGING "/run", "/run", 0755},       {STAGING "/tmp", "/tmp", 01777},
    };
    char options[128];
    size_options(options, sizeof options, size, ",mode=0755,uid=1000,gid=1000");
    if (mount("job", STAGING, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
        die("mount", STAGING);
    /* No capability lets the leader make folders for another user, so it makes them as that user. */
    setfsgid(PROGRAM_GID);
    setfsuid(PROGRAM_UID);
    mode_t before = umask(0);
    EACH(i, places)
    if (mkdir(places[i].folder, places[i].mode) < 0)
        die("make", places[i].folder);
    umask(before);
    setfsuid(0);
    setfsgid(0);
    /* The last covers the staging folder itself. */
    EACH(i, places) bind_over(places[i].folder, places[i].path, 0);
}

int proc_writable = -1;

static void setup_proc(void)
{
    const unsigned long harmless = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    /* The store is covered by now; an empty folder and /dev/null are all that is needed of it. */
    int empty = open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char empty_path[32];
    if (empty < 0)
        die("open", "/sys");
    if (mount("proc", "/proc", "proc", harmless, NULL) < 0)
        die("mount", "/proc");
    snprintf(empty_path, sizeof empty_path, "/proc/self/fd/%d", empty);
    EACH(i, covered_files) bind_over("/dev/null", covered_files[i], 0);
    EACH(i, covered_folders) bind_over(empty_path, covered_folders[i], MS_RDONLY | harmless);
    close(empty);
    proc_writable = (int)syscall(SYS_open_tree, AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (proc_writable < 0)
        die("clone", "/proc");
    /* A program could otherwise lower its oom_score_adj, and the kernel would take the leader before it. */
    if (mount(NULL, "/proc", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | harmless, NULL) < 0)
        die("restrict", "/proc");
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

void cell_setup(const struct cell_size *size)
{
    setup_writable(size);
    setup_proc();
    raise_loopback();
    if (sethostname("sandbox", 7) < 0)
        die("set", "the host name");
    if (chdir(JOB) < 0)
        die("enter", JOB);
}

bool cell_resize(const struct cell_size *size)
{
    char options[96];
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

static void become_program(void)
{
    setfsgid(PROGRAM_GID);
    setfsuid(PROGRAM_UID);
}

static void become_leader(void)
{
    setfsuid(0);
    setfsgid(0);
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
    become_program();
    int folder = open(JOB, O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool made = folder >= 0 && mknodat(folder, name, S_IFIFO | 0600, 0) == 0;
    int error = errno;
    if (folder >= 0)
        close(folder);
    become_leader();
    errno = error;
    return made;
}

void cell_remove(const char *name)
{
    become_program();
    int folder = open(JOB, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        unlinkat(folder, name, 0);
        close(folder);
    }
    become_leader();
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

bool cell_write(char *path, mode_t mode, bool append, const uint8_t *content, size_t length)
{
    become_program();
    mode_t before = umask(0);
    int folder = open_parent(&path), fd = -1, error = 0;
    if (folder >= 0)
        fd = cell_open_below(folder, path, O_WRONLY | O_NONBLOCK | (append ? O_APPEND : O_CREAT | O_TRUNC), append ? 0 : mode & 0777);
    struct stat status;
    if (fd < 0)
        error = errno;
    else if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        error = EINVAL;
    else if (!write_all(fd, content, length))
        error = errno;
    if (fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    umask(before);
    become_leader();
    errno = error;
    return error == 0;
}
