/*
 * The agent has the rights of the session's programs, so no path needs to be kept from it. What must not happen is that it waits:
 * nothing but regular files is read or written.
 */
#include "agent-files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENTRY_HEAD = 1 + 2 + 8 + 8, REMOVE_DESCRIPTORS = 16 };

static uint64_t modified_ms(const struct stat *stat)
{
    int64_t ms = (int64_t)stat->st_mtim.tv_sec * 1000 + stat->st_mtim.tv_nsec / 1000000;
    return ms > 0 ? (uint64_t)ms : 0;
}

/* -1 with errno. */
static int open_regular(const char *path, int flags, mode_t mode, struct stat *stat)
{
    int fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, mode);
    if (fd < 0)
        return -1;
    int error = fstat(fd, stat) < 0 ? errno : S_ISREG(stat->st_mode) ? 0 : S_ISDIR(stat->st_mode) ? EISDIR : EINVAL;
    if (!error)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

void files_read(uint32_t id, struct reader request)
{
    uint64_t offset = read_number(&request, 8), length = read_number(&request, 4);
    struct stat stat;
    int fd = open_regular(read_text(&request), O_RDONLY, 0, &stat);
    if (fd < 0) {
        send_failed(id, errno);
        return;
    }
    if (length > AGENT_PIECE)
        length = AGENT_PIECE;
    uint8_t *answer = transport_reserve(4 + 16 + length);
    ssize_t n = offset > INT64_MAX ? 0 : pread(fd, answer + 4 + 16, length, (off_t)offset);
    int error = errno;
    close(fd);
    if (n < 0) {
        send_failed(id, error);
        return;
    }
    put_number(answer, id, 4);
    put_number(answer + 4, (uint64_t)stat.st_size, 8);
    put_number(answer + 12, modified_ms(&stat), 8);
    transport_commit((enum frame_type)AGENT_DONE, 4 + 16 + (size_t)n);
}

/* Makes the folders before the last part of a path. */
static bool make_parents(const char *path)
{
    char copy[PATH_MAX];
    if (strlen(path) >= sizeof copy) {
        errno = ENAMETOOLONG;
        return false;
    }
    strcpy(copy, path);
    for (char *slash = strchr(copy + 1, '/'); copy[0] && slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(copy, 0755) < 0 && errno != EEXIST)
            return false;
        *slash = '/';
    }
    return true;
}

static bool write_all(int fd, const uint8_t *bytes, size_t length, off_t offset)
{
    while (length > 0) {
        ssize_t n = pwrite(fd, bytes, length, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        length -= (size_t)n;
        offset += n;
    }
    return true;
}

void files_write(uint32_t id, struct reader request)
{
    uint64_t flags = read_number(&request, 1), mode = read_number(&request, 2), offset = read_number(&request, 8);
    const char *path = read_text(&request);
    const bool begins = flags & AGENT_WRITE_BEGIN;
    struct stat stat;
    uint8_t answer[8];
    if ((flags & AGENT_WRITE_PARENTS) && !make_parents(path)) {
        send_failed(id, errno);
        return;
    }
    int fd = open_regular(path, O_WRONLY | (begins ? O_CREAT | O_TRUNC : 0), 0644, &stat);
    if (fd < 0) {
        send_failed(id, errno);
        return;
    }
    errno = EFBIG;
    bool written = offset <= INT64_MAX - request.left && write_all(fd, request.at, request.left, (off_t)offset) &&
                   (mode == 0 || fchmod(fd, (mode_t)mode & 0777) == 0) && fstat(fd, &stat) == 0;
    int error = errno;
    close(fd);
    if (!written) {
        send_failed(id, error);
        return;
    }
    put_number(answer, (uint64_t)stat.st_size, sizeof answer);
    send_about(AGENT_DONE, id, answer, sizeof answer);
}

/* What is told of an entry, before its name. */
static void put_entry(uint8_t *at, const struct stat *stat)
{
    at[0] = S_ISREG(stat->st_mode)   ? AGENT_KIND_FILE
            : S_ISDIR(stat->st_mode) ? AGENT_KIND_FOLDER
            : S_ISLNK(stat->st_mode) ? AGENT_KIND_LINK
                                     : AGENT_KIND_OTHER;
    put_number(at + 1, stat->st_mode & 07777, 2);
    put_number(at + 3, (uint64_t)stat->st_size, 8);
    put_number(at + 11, modified_ms(stat), 8);
}

static int is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* Sorted, as many as fit one frame. The total comes first. */
void files_list(uint32_t id, struct reader request)
{
    uint64_t skip = read_number(&request, 4);
    const char *path = read_text(&request);
    struct dirent **entries = NULL;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int count = folder < 0 ? -1 : scandirat(folder, ".", &entries, is_entry, alphasort);
    if (count < 0) {
        send_failed(id, errno);
        if (folder >= 0)
            close(folder);
        return;
    }
    uint8_t *answer = transport_reserve(AGENT_PIECE);
    size_t length = 8;
    put_number(answer, id, 4);
    put_number(answer + 4, (uint64_t)count, 4);
    bool full = false;
    for (int i = 0; i < count; i++) {
        struct stat stat;
        size_t name = strlen(entries[i]->d_name) + 1;
        full = full || length + ENTRY_HEAD + name > AGENT_PIECE;
        if ((uint64_t)i >= skip && !full) {
            /* One that has gone meanwhile still has its place, or the next piece would leave one out. */
            if (fstatat(folder, entries[i]->d_name, &stat, AT_SYMLINK_NOFOLLOW) < 0)
                memset(&stat, 0, sizeof stat);
            put_entry(answer + length, &stat);
            memcpy(answer + length + ENTRY_HEAD, entries[i]->d_name, name);
            length += ENTRY_HEAD + name;
        }
        free(entries[i]);
    }
    free(entries);
    close(folder);
    transport_commit((enum frame_type)AGENT_DONE, length);
}

void files_stat(uint32_t id, struct reader request)
{
    struct stat stat;
    uint8_t answer[ENTRY_HEAD];
    if (lstat(read_text(&request), &stat) < 0) {
        send_failed(id, errno);
        return;
    }
    put_entry(answer, &stat);
    send_about(AGENT_DONE, id, answer, sizeof answer);
}

static void answer_done(uint32_t id, bool done)
{
    if (done)
        send_about(AGENT_DONE, id, NULL, 0);
    else
        send_failed(id, errno);
}

void files_move(uint32_t id, struct reader request)
{
    const char *from = read_text(&request), *to = read_text(&request);
    struct stat stat;
    answer_done(id, lstat(from, &stat) == 0 && make_parents(to) && rename(from, to) == 0);
}

static int remove_entry(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
    (void)stat;
    (void)walk;
    return kind == FTW_DP || kind == FTW_DNR ? rmdir(path) : unlink(path);
}

void files_remove(uint32_t id, struct reader request)
{
    const bool whole = read_number(&request, 1) == 1;
    const char *path = read_text(&request);
    struct stat stat;
    bool done = lstat(path, &stat) == 0;
    if (done && S_ISDIR(stat.st_mode))
        done = whole ? nftw(path, remove_entry, REMOVE_DESCRIPTORS, FTW_DEPTH | FTW_PHYS) == 0 : rmdir(path) == 0;
    else if (done)
        done = unlink(path) == 0;
    answer_done(id, done);
}

void files_folder(uint32_t id, struct reader request)
{
    const char *path = read_text(&request);
    struct stat stat;
    bool done = make_parents(path) && (mkdir(path, 0755) == 0 || errno == EEXIST);
    if (done && lstat(path, &stat) == 0 && !S_ISDIR(stat.st_mode)) {
        errno = EEXIST;
        done = false;
    }
    answer_done(id, done);
}
