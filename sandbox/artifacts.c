/*
 * What a job leaves behind and its owner asked for: files of the job's folder whose path one of a few globs matches. They are
 * read when no process of the job lives, so nothing is exchanged between two steps, and as the program's user, so nothing is
 * read that the program could not. No link is followed and nothing but a regular file is opened. A file with several names
 * is harmless: no link leads out of the cell's own file system.
 *
 * A glob is walked along with the tree. `done` has a bit for each number of its parts that the path so far may have used up;
 * a name takes the bits one step on. A folder that no glob reaches into is not opened, and no pattern costs more than its
 * length times that of the names.
 *
 * However large the tree, the search ends: it counts what it looks at, how deep it is and how long it takes, the time aside
 * in which it waits for the worker to read. Memory does not grow with the tree.
 */
#include "artifacts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cell.h"
#include "clock.h"
#include "leader-exit.h"
#include "records.h"

enum { MAX_DEPTH = 32, MAX_PATH = 512, MAX_ENTRIES = 100000, MAX_MS = 2000, PIECE = 65536, LIST_SIZE = 256 };

struct glob {
    const char *parts[MAX_DEPTH + 1];
    unsigned count;
};

/* For each glob. */
struct reached {
    uint64_t done[MAX_GLOBS];
};

static struct {
    struct glob globs[MAX_GLOBS];
    size_t count;
    uint64_t files_left, bytes_left, entries;
    int64_t began_ms, waited_ms;
    char path[MAX_PATH + 1];
    /* What matched and is not among the files. */
    unsigned too_large, unreadable, unusable, special, deep;
    const char *stopped;
} search;

/* --- names and patterns --- */

/* No character is so large: a byte that is no part of UTF-8. */
#define STRAY_BYTE UINT32_C(0x80000000)

/* Takes one character. */
static uint32_t take(const unsigned char **at)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *s = *at;
    int more = s[0] < 0x80 ? 0 : (s[0] & 0xe0) == 0xc0 ? 1 : (s[0] & 0xf0) == 0xe0 ? 2 : (s[0] & 0xf8) == 0xf0 ? 3 : -1;
    uint32_t value = more <= 0 ? s[0] : s[0] & (0x3fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            more = -1;
            break;
        }
        value = value << 6 | (s[i] & 0x3fu);
    }
    if (more < 0 || value < least[more] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) {
        *at = s + 1;
        return STRAY_BYTE | s[0];
    }
    *at = s + more + 1;
    return value;
}

/* Whether a name can be told: UTF-8 without control characters. */
static bool usable(const char *name)
{
    for (const unsigned char *at = (const unsigned char *)name; *at;) {
        uint32_t value = take(&at);
        if (value < 0x20 || value == 0x7f || value >= STRAY_BYTE)
            return false;
    }
    return true;
}

/* A set, [a-z_] or [!0-9], from behind its bracket: what follows it, or NULL where it has no end. A first ] is a member. */
static const unsigned char *match_set(const unsigned char *at, uint32_t value, bool *in)
{
    bool negated = *at == '!', found = false;
    at += negated;
    for (bool first = true; first || *at != ']'; first = false) {
        if (!*at)
            return NULL;
        uint32_t low = take(&at), high = low;
        if (*at == '-' && at[1] && at[1] != ']') {
            at++;
            high = take(&at);
        }
        found |= low <= value && value <= high;
    }
    *in = found != negated;
    return at + 1;
}

/* One character of the name against what the pattern has for it, no star; moves both on where they fit. */
static bool match_one(const unsigned char **pattern, const unsigned char **name)
{
    const unsigned char *p = *pattern, *n = *name, *behind;
    uint32_t value = take(&n);
    bool fits;
    if (*p == '[' && (behind = match_set(p + 1, value, &fits)))
        p = behind;
    else if (*p == '?') {
        fits = true;
        p++;
    } else
        fits = *p && take(&p) == value;
    if (fits) {
        *pattern = p;
        *name = n;
    }
    return fits;
}

/* Where it fails only the last star is tried further on: what an earlier one could take, the last can take too. */
static bool match_name(const char *pattern, const char *name)
{
    const unsigned char *p = (const unsigned char *)pattern, *n = (const unsigned char *)name, *star = NULL, *from = NULL;
    if (*n == '.' && *p != '.')
        return false;
    for (;;) {
        if (*p == '*') {
            star = ++p;
            from = n;
        } else if (!*n)
            return !*p;
        else if (!match_one(&p, &n)) {
            if (!star)
                return false;
            take(&from);
            n = from;
            p = star;
        }
    }
}

static bool any_folders(const char *part)
{
    return strcmp(part, "**") == 0;
}

static uint64_t bit(unsigned number)
{
    return UINT64_C(1) << number;
}

/* ** may stand for no folder at all. */
static uint64_t pass_over(const struct glob *glob, uint64_t done)
{
    for (unsigned i = 0; i < glob->count; i++)
        if (done & bit(i) && any_folders(glob->parts[i]))
            done |= bit(i + 1);
    return done;
}

static uint64_t step(const struct glob *glob, uint64_t done, const char *name)
{
    uint64_t next = 0;
    for (unsigned i = 0; i < glob->count; i++) {
        if (!(done & bit(i)))
            continue;
        if (any_folders(glob->parts[i]))
            next |= *name == '.' ? 0 : bit(i);
        else if (match_name(glob->parts[i], name))
            next |= bit(i + 1);
    }
    return pass_over(glob, next);
}

static void parse_glob(struct glob *glob, char *text)
{
    glob->count = 0;
    for (char *next = text; next; text = next) {
        next = strchr(text, '/');
        if (next)
            *next++ = 0;
        if (!*text || glob->count == MAX_DEPTH)
            fault("a glob with an empty part, or with too many");
        glob->parts[glob->count++] = text;
    }
    /* Behind the last slash there is a file. */
    if (any_folders(glob->parts[glob->count - 1]))
        glob->parts[glob->count++] = "*";
}

/* --- telling --- */

static int64_t now_ms(void)
{
    return (int64_t)(clock_us(CLOCK_MONOTONIC) / 1000);
}

/* Nothing else is to be done meanwhile: no stage runs, and the worker sends nothing before it has the list. */
static void wait_for_room(size_t room)
{
    while (transport_flush() && transport_room() < room) {
        struct pollfd fds[] = {{.fd = FRAMES_OUT, .events = POLLOUT}, {.fd = FRAMES_IN}};
        int64_t before = now_ms();
        poll(fds, 2, -1);
        search.waited_ms += now_ms() - before;
        if (fds[1].revents & (POLLHUP | POLLERR))
            _exit(LEADER_EOF);
    }
    if (transport_room() < room)
        _exit(LEADER_EOF);
}

/* One piece of the file under the path that the search stands at: its length, 0 at the end, -1 when it cannot be read. */
static ssize_t send_piece(int fd, uint8_t kind, size_t most)
{
    size_t head = 1 + strlen(search.path) + 1;
    wait_for_room(head + PIECE);
    uint8_t *payload = transport_reserve(head + PIECE);
    payload[0] = kind;
    memcpy(payload + 1, search.path, head - 1);
    ssize_t n = 0;
    if (most > 0)
        do
            n = read(fd, payload + head, most < PIECE ? most : PIECE);
        while (n < 0 && errno == EINTR);
    if (n > 0 || (n == 0 && kind != PIECE_NEXT))
        transport_commit(FRAME_PIECE, head + (size_t)n);
    return n;
}

/* As many bytes as it had when it was opened, should it have more by now. */
static void send_file(int fd, uint64_t bytes)
{
    uint8_t kind = PIECE_FIRST;
    search.files_left--;
    do {
        ssize_t n = send_piece(fd, kind, bytes < PIECE ? (size_t)bytes : PIECE);
        if (n < 0) {
            search.unreadable++;
            if (kind != PIECE_FIRST)
                send_piece(-1, PIECE_FORGET, 0);
            return;
        }
        bytes -= (uint64_t)n;
        search.bytes_left -= (uint64_t)n;
        if (n == 0)
            return;
        kind = PIECE_NEXT;
    } while (bytes > 0);
}

static void gather_file(int folder, const char *name)
{
    struct stat status;
    int fd = cell_open_below(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0 || fstat(fd, &status) < 0)
        search.unreadable++;
    else if (!S_ISREG(status.st_mode))
        search.special++;
    else if (search.files_left == 0)
        search.stopped = "files";
    else if ((uint64_t)status.st_size > search.bytes_left)
        search.too_large++;
    else
        send_file(fd, (uint64_t)status.st_size);
    if (fd >= 0)
        close(fd);
}

/* --- the tree --- */

static void search_folder(int folder, size_t length, unsigned depth, const struct reached *here);

static void consider(int folder, const struct dirent *entry, size_t length, unsigned depth, const struct reached *here)
{
    bool is_folder = entry->d_type == DT_DIR, wanted = false;
    size_t name_length = strlen(entry->d_name);
    struct reached there;
    for (size_t i = 0; i < search.count; i++) {
        const struct glob *glob = &search.globs[i];
        there.done[i] = step(glob, here->done[i], entry->d_name);
        /* A folder matters where more of a glob is to come, a file where nothing is. */
        wanted |= is_folder ? (there.done[i] & (bit(glob->count) - 1)) != 0 : (there.done[i] & bit(glob->count)) != 0;
    }
    if (!wanted)
        return;
    if (!is_folder && entry->d_type != DT_REG)
        search.special++;
    else if (!usable(entry->d_name))
        search.unusable++;
    else if (length + name_length + 1 > MAX_PATH || (is_folder && depth == MAX_DEPTH))
        search.deep++;
    else {
        memcpy(search.path + length, entry->d_name, name_length + 1);
        if (!is_folder)
            gather_file(folder, entry->d_name);
        else {
            search.path[length + name_length] = '/';
            int below = cell_open_below(folder, entry->d_name, O_RDONLY | O_DIRECTORY, 0);
            search_folder(below, length + name_length + 1, depth + 1, &there);
        }
    }
}

/* Closes the folder. */
static void search_folder(int folder, size_t length, unsigned depth, const struct reached *here)
{
    DIR *entries = folder < 0 ? NULL : fdopendir(folder);
    if (!entries) {
        search.unreadable++;
        if (folder >= 0)
            close(folder);
        return;
    }
    for (struct dirent *entry; !search.stopped && (entry = readdir(entries));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (++search.entries > MAX_ENTRIES)
            search.stopped = "entries";
        else if (now_ms() - search.began_ms - search.waited_ms > MAX_MS)
            search.stopped = "time";
        else
            consider(dirfd(entries), entry, length, depth, here);
    }
    closedir(entries);
}

static void send_list(void)
{
    char text[LIST_SIZE], stopped[16] = "null";
    if (search.stopped)
        snprintf(stopped, sizeof stopped, "\"%s\"", search.stopped);
    int n = snprintf(text, sizeof text,
                     "{\"tooLarge\":%u,\"unreadable\":%u,\"unusable\":%u,\"special\":%u,\"deep\":%u,\"stopped\":%s}",
                     search.too_large, search.unreadable, search.unusable, search.special, search.deep, stopped);
    wait_for_room(sizeof text);
    transport_send(FRAME_LIST, text, (size_t)n);
}

void artifacts_gather(struct frame *from)
{
    struct gathering plan = {0};
    struct reached start;
    records_gather(from, &plan);
    memset(&search, 0, sizeof search);
    search.count = plan.count;
    search.files_left = plan.files;
    search.bytes_left = plan.bytes;
    search.began_ms = now_ms();
    for (size_t i = 0; i < plan.count; i++) {
        parse_glob(&search.globs[i], plan.globs[i]);
        start.done[i] = pass_over(&search.globs[i], bit(0));
    }
    files_as_program();
    search_folder(open("/job", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), 0, 1, &start);
    files_as_leader();
    send_list();
}
