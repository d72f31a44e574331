/*
 * The job's folder as it stood when a cell ended, kept for the cells that go on with the same job: each begins with a copy.
 *
 * A cell's files are one tmpfs. The leader gives init a descriptor of its /job and ends; the descriptor is all that holds the
 * file system then. It is mounted nowhere, init never looks into it, and the next leaders, which inherit it, read it as the
 * program's user before any process of theirs runs. What it holds was written by a program, so nothing in it is believed: links
 * are copied, not followed, and depth and size have bounds.
 */
#include "snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cell.h"
#include "descriptors.h"
#include "leader-exit.h"
#include "log.h"

/* Each level of folders holds up to three descriptors. */
enum { MAX_LEVELS = 64, PIECE = 131072 };

static int passage[2] = {-1, -1};
static int kept = -1;

void snapshot_prepare(void)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, passage) == 0)
        return;
    warn("socketpair: %s", strerror(errno));
    _exit(LEADER_FAULT);
}

static void replace_kept(int folder)
{
    if (kept >= 0)
        close(kept);
    kept = folder;
}

void snapshot_take(void)
{
    int folder = receive_descriptor(passage[0]);
    if (folder >= 0)
        replace_kept(folder);
}

void snapshot_drop(void)
{
    replace_kept(-1);
}

/* The name below the folder as a stream, or NULL with errno. */
static DIR *open_folder(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !stream)
        close(fd);
    return stream;
}

/* Its next entry but itself and its parent. */
static struct dirent *next_entry(DIR *stream)
{
    struct dirent *entry;
    do
        entry = readdir(stream);
    while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    return entry;
}

static void empty_folder(int folder, const char *name, unsigned levels)
{
    DIR *stream = levels > 0 ? open_folder(folder, name) : NULL;
    if (!stream)
        return;
    for (struct dirent *entry; (entry = next_entry(stream));)
        if (unlinkat(dirfd(stream), entry->d_name, 0) < 0) {
            empty_folder(dirfd(stream), entry->d_name, levels - 1);
            unlinkat(dirfd(stream), entry->d_name, AT_REMOVEDIR);
        }
    closedir(stream);
}

bool snapshot_offer(void)
{
    static const char *const others[] = {"/tmp", "/var/tmp", "/dev/shm", "/run"};
    files_as_program();
    /* Their memory would stay as long as the folder does. */
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        empty_folder(AT_FDCWD, others[i], MAX_LEVELS);
    int folder = open("/job", O_PATH | O_DIRECTORY | O_CLOEXEC);
    files_as_leader();
    bool sent = folder >= 0 && send_descriptor(passage[1], folder);
    if (folder >= 0)
        close(folder);
    return sent;
}

/* Copies what is written of a file, and leaves its holes. */
static bool copy_content(int from, int to, off_t size)
{
    static uint8_t piece[PIECE];
    off_t at = 0;
    while (at < size && (at = lseek(from, at, SEEK_DATA)) >= 0) {
        off_t end = lseek(from, at, SEEK_HOLE);
        if (end <= at)
            return false;
        while (at < end) {
            size_t want = end - at < PIECE ? (size_t)(end - at) : PIECE;
            ssize_t n = pread(from, piece, want, at);
            if (n <= 0 || pwrite(to, piece, (size_t)n, at) != n) {
                /* A short write is the last before the file system is full. */
                errno = n <= 0 ? EIO : ENOSPC;
                return false;
            }
            at += n;
        }
    }
    /* ENXIO: nothing but a hole up to the end. */
    if (at < 0 && errno != ENXIO)
        return false;
    return ftruncate(to, size) == 0;
}

static bool copy_file(int from, int to, const char *name, const struct stat *status)
{
    const struct timespec times[2] = {status->st_atim, status->st_mtim};
    /* Its owner may have taken the right to read it from himself. */
    const bool closed = !(status->st_mode & S_IRUSR);
    if (closed && fchmodat(from, name, 0600, 0) < 0)
        return false;
    int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool restored = !closed || fchmodat(from, name, status->st_mode & 07777, 0) == 0;
    int out = in < 0 || !restored ? -1 : openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool done = out >= 0 && copy_content(in, out, status->st_size) && fchmod(out, status->st_mode & 0777) == 0 &&
                futimens(out, times) == 0;
    int error = errno;
    if (out >= 0)
        close(out);
    if (in >= 0)
        close(in);
    errno = error;
    return done;
}

static bool copy_link(int from, int to, const char *name)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(from, name, target, sizeof target - 1);
    if (length < 0)
        return false;
    target[length] = 0;
    return symlinkat(target, to, name) == 0;
}

static bool copy_entries(DIR *from, int to, unsigned levels);

static bool copy_folder(int from, int to, const char *name, const struct stat *status, unsigned levels)
{
    const struct timespec times[2] = {status->st_atim, status->st_mtim};
    if (levels == 0) {
        errno = ENAMETOOLONG;
        return false;
    }
    const bool closed = (status->st_mode & S_IRWXU) != S_IRWXU;
    if (closed && fchmodat(from, name, 0700, 0) < 0)
        return false;
    DIR *in = open_folder(from, name);
    if (!in)
        return false;
    int out = mkdirat(to, name, 0700) < 0 ? -1 : openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool done = out >= 0 && copy_entries(in, out, levels - 1) && fchmod(out, status->st_mode & 0777) == 0 &&
                futimens(out, times) == 0;
    int error = errno;
    if (out >= 0)
        close(out);
    closedir(in);
    if (closed && fchmodat(from, name, status->st_mode & 07777, 0) < 0)
        return false;
    errno = error;
    return done;
}

static bool copy_entry(int from, int to, const char *name, unsigned levels)
{
    struct stat status;
    if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    switch (status.st_mode & S_IFMT) {
    case S_IFREG: return copy_file(from, to, name, &status);
    case S_IFDIR: return copy_folder(from, to, name, &status, levels);
    case S_IFLNK: return copy_link(from, to, name);
    case S_IFIFO: return mkfifoat(to, name, status.st_mode & 0777) == 0;
    /* Nobody listens at a socket any more. */
    default: return true;
    }
}

static bool copy_entries(DIR *from, int to, unsigned levels)
{
    for (struct dirent *entry; errno = 0, (entry = next_entry(from));)
        if (!copy_entry(dirfd(from), to, entry->d_name, levels))
            return false;
    return errno == 0;
}

static bool copy_kept(uint64_t most)
{
    struct statfs space;
    if (kept < 0) {
        errno = ENOENT;
        return false;
    }
    if (fstatfs(kept, &space) < 0)
        return false;
    if ((uint64_t)(space.f_blocks - space.f_bfree) * (uint64_t)space.f_bsize > most) {
        errno = ENOSPC;
        return false;
    }
    DIR *from = open_folder(kept, ".");
    int to = open("/job", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = from && to >= 0 && copy_entries(from, to, MAX_LEVELS);
    int error = errno;
    if (to >= 0)
        close(to);
    if (from)
        closedir(from);
    errno = error;
    return done;
}

bool snapshot_restore(uint64_t most)
{
    files_as_program();
    mode_t before = umask(0);
    bool done = copy_kept(most);
    int error = errno;
    umask(before);
    files_as_leader();
    errno = error;
    return done;
}
