/*
 * Nothing in a sandbox can be told of changes by the kernel (docs/decisions/0010), so folders are looked at again and compared: two
 * lists sorted by path are walked side by side. What is gone under one path and new under another with the same inode has moved.
 */
#include "agent-tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent-frames.h"

enum { FIRST_ROOM = 64, FIRST_TEXT = 4096, NONE = -1, CHANGE_HEAD = 1 + 1 + 8 };

void tree_free(struct tree *tree)
{
    free(tree->entries);
    free(tree->text);
    *tree = (struct tree){0};
}

static const char *path_of(const struct tree *tree, size_t index)
{
    return tree->text + tree->entries[index].path;
}

/* Makes room for so much more. Doubles, so that many make few copies. */
static bool grow(void **memory, size_t *room, size_t needed, size_t size, size_t first)
{
    size_t more = *room ? *room : first;
    while (more < needed)
        more *= 2;
    if (more == *room)
        return true;
    void *larger = realloc(*memory, more * size);
    if (!larger)
        return false;
    *memory = larger;
    *room = more;
    return true;
}

static bool add(struct tree *tree, struct entry entry, const char *folder, const char *name)
{
    size_t head = strlen(folder), tail = strlen(name) + 1, length = head + (head > 0) + tail;
    if (!grow((void **)&tree->entries, &tree->room, tree->count + 1, sizeof *tree->entries, FIRST_ROOM) ||
        !grow((void **)&tree->text, &tree->text_room, tree->text_used + length, 1, FIRST_TEXT))
        return false;
    entry.path = tree->text_used;
    char *at = tree->text + tree->text_used;
    memcpy(at, folder, head);
    if (head > 0)
        at[head++] = '/';
    memcpy(at + head, name, tail);
    tree->text_used += length;
    tree->entries[tree->count++] = entry;
    return true;
}

/* --- what is there --- */

static int add_found(struct tree *tree, int folder, const char *prefix, const char *name)
{
    struct stat stat;
    if (fstatat(folder, name, &stat, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    if (strlen(prefix) + 1 + strlen(name) >= PATH_MAX)
        return 0;
    if (tree->count >= AGENT_WATCH_ENTRIES || tree->text_used + PATH_MAX > AGENT_WATCH_TEXT)
        return E2BIG;
    struct entry entry = {.inode = stat.st_ino, .size = (uint64_t)stat.st_size, .mode = stat.st_mode};
    entry.modified_ns = (int64_t)stat.st_mtim.tv_sec * 1000000000 + stat.st_mtim.tv_nsec;
    return add(tree, entry, prefix, name) ? 0 : ENOMEM;
}

static int scan_folder(struct tree *tree, const char *path, const char *prefix, int flags)
{
    int error = 0, fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) {
        error = errno;
        if (fd >= 0)
            close(fd);
        return error;
    }
    for (struct dirent *one; !error && (errno = 0, one = readdir(folder));)
        if (strcmp(one->d_name, ".") != 0 && strcmp(one->d_name, "..") != 0)
            error = add_found(tree, fd, prefix, one->d_name);
    closedir(folder);
    return error;
}

/* Whether a folder has nothing to show for this reason, rather than that it cannot be looked at now. */
static bool is_gone(int error)
{
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == ELOOP || error == ENAMETOOLONG;
}

static const char *compared_text;

static int by_path(const void *a, const void *b)
{
    return strcmp(compared_text + ((const struct entry *)a)->path, compared_text + ((const struct entry *)b)->path);
}

int tree_scan(struct tree *tree, const char *root, bool recursive, bool is_first)
{
    int error = scan_folder(tree, root, "", 0);
    if (error && (is_first || !is_gone(error)))
        return error;
    for (size_t i = 0; recursive && i < tree->count; i++) {
        char prefix[PATH_MAX], path[PATH_MAX];
        if (!S_ISDIR(tree->entries[i].mode))
            continue;
        strcpy(prefix, path_of(tree, i)); /* the text may move meanwhile */
        if (snprintf(path, sizeof path, "%s/%s", root, prefix) >= (int)sizeof path)
            continue;
        error = scan_folder(tree, path, prefix, O_NOFOLLOW);
        if (error && !is_gone(error))
            return error;
    }
    compared_text = tree->text;
    if (tree->count > 0)
        qsort(tree->entries, tree->count, sizeof *tree->entries, by_path);
    return 0;
}

/* --- what changed --- */

/* For each entry of the one tree, its place in the other where it moved, or NONE. */
struct moves {
    int *from_known, *from_seen;
};

static char kind_of(const struct entry *entry)
{
    return S_ISREG(entry->mode)   ? AGENT_KIND_FILE
           : S_ISDIR(entry->mode) ? AGENT_KIND_FOLDER
           : S_ISLNK(entry->mode) ? AGENT_KIND_LINK
                                  : AGENT_KIND_OTHER;
}

static bool has_changed(const struct entry *a, const struct entry *b)
{
    if (a->mode != b->mode)
        return true;
    /* What is in a folder is told by itself. */
    return !S_ISDIR(a->mode) && (a->inode != b->inode || a->size != b->size || a->modified_ns != b->modified_ns);
}

/* Its place in a tree, or NONE. */
static int find(const struct tree *tree, const char *path, size_t length)
{
    for (size_t low = 0, high = tree->count; low < high;) {
        size_t middle = (low + high) / 2;
        const char *other = path_of(tree, middle);
        int order = strncmp(path, other, length);
        if (order == 0)
            order = other[length] == 0 ? 0 : -1;
        if (order == 0)
            return (int)middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NONE;
}

struct inode {
    uint64_t number;
    int index;
};

static int by_inode(const void *a, const void *b)
{
    uint64_t one = ((const struct inode *)a)->number, other = ((const struct inode *)b)->number;
    return one < other ? -1 : one > other;
}

static bool find_moves(const struct tree *known, const struct tree *seen, struct moves *moves)
{
    size_t added = 0;
    struct inode *inodes = malloc((seen->count + 1) * sizeof *inodes);
    moves->from_known = malloc((known->count + 1) * sizeof *moves->from_known);
    moves->from_seen = malloc((seen->count + 1) * sizeof *moves->from_seen);
    if (!inodes || !moves->from_known || !moves->from_seen) {
        free(inodes);
        return false;
    }
    for (size_t i = 0; i < seen->count; i++) {
        const char *path = path_of(seen, i);
        moves->from_seen[i] = NONE;
        if (find(known, path, strlen(path)) == NONE)
            inodes[added++] = (struct inode){.number = seen->entries[i].inode, .index = (int)i};
    }
    qsort(inodes, added, sizeof *inodes, by_inode);
    for (size_t i = 0; i < known->count; i++) {
        const struct entry *entry = &known->entries[i];
        const char *path = path_of(known, i);
        struct inode wanted = {.number = entry->inode};
        moves->from_known[i] = NONE;
        if (added == 0 || find(seen, path, strlen(path)) != NONE)
            continue;
        const struct inode *found = bsearch(&wanted, inodes, added, sizeof *inodes, by_inode);
        const struct entry *other = found ? &seen->entries[found->index] : NULL;
        /* One of several names of a file is as good as another; a number that was used again is told by its time. */
        if (!other || moves->from_seen[found->index] != NONE || kind_of(other) != kind_of(entry) ||
            (S_ISREG(entry->mode) && other->modified_ns != entry->modified_ns))
            continue;
        moves->from_known[i] = found->index;
        moves->from_seen[found->index] = (int)i;
    }
    free(inodes);
    return true;
}

/* Whether it only went along with the folder that it is in. */
static bool went_along(const struct tree *known, const struct tree *seen, const struct moves *moves, int from, int to)
{
    const char *old = path_of(known, (size_t)from), *new = path_of(seen, (size_t)to);
    const char *old_name = strrchr(old, '/'), *new_name = strrchr(new, '/');
    if (!old_name || !new_name || strcmp(old_name, new_name) != 0)
        return false;
    int folder = find(known, old, (size_t)(old_name - old));
    return folder != NONE && moves->from_known[folder] != NONE &&
           moves->from_known[folder] == find(seen, new, (size_t)(new_name - new));
}

struct batch {
    uint8_t *at;
    size_t left;
    bool full;
};

/* Writes a change if it fits; when one does not, none behind it does. */
static bool put(struct batch *batch, enum agent_change change, const struct entry *entry, const char *path, const char *from)
{
    size_t length = strlen(path) + 1, more = from ? strlen(from) + 1 : 0;
    batch->full = batch->full || batch->left < CHANGE_HEAD + length + more;
    if (batch->full)
        return false;
    batch->at[0] = (uint8_t)change;
    batch->at[1] = (uint8_t)kind_of(entry);
    put_number(batch->at + 2, entry->size, 8);
    memcpy(batch->at + CHANGE_HEAD, path, length);
    if (from)
        memcpy(batch->at + CHANGE_HEAD + length, from, more);
    batch->at += CHANGE_HEAD + length + more;
    batch->left -= CHANGE_HEAD + length + more;
    return true;
}

long tree_changes(const struct tree *known, const struct tree *seen, struct tree *next, uint8_t *to, size_t room)
{
    struct batch batch = {.at = to, .left = room};
    struct moves moves = {0};
    bool fits = find_moves(known, seen, &moves);
    for (size_t i = 0, j = 0; fits && (i < known->count || j < seen->count);) {
        const char *old_path = i < known->count ? path_of(known, i) : NULL;
        const char *new_path = j < seen->count ? path_of(seen, j) : NULL;
        const struct entry *old = old_path ? &known->entries[i] : NULL, *new = new_path ? &seen->entries[j] : NULL;
        int order = !old ? 1 : !new ? -1 : strcmp(old_path, new_path);
        if (order == 0) {
            bool is_other = kind_of(old) != kind_of(new);
            bool told = is_other ? put(&batch, AGENT_CHANGE_REMOVED, old, old_path, NULL)
                                 : !has_changed(old, new) || put(&batch, AGENT_CHANGE_CHANGED, new, new_path, NULL);
            /* Of one that became another kind, what is there now is told next. */
            if (!is_other || !told)
                fits = add(next, told ? *new : *old, "", old_path);
            else if (put(&batch, AGENT_CHANGE_CREATED, new, new_path, NULL))
                fits = add(next, *new, "", new_path);
            i++;
            j++;
            continue;
        }
        int from = order < 0 ? (int)i : moves.from_seen[j], target = order < 0 ? moves.from_known[i] : (int)j;
        bool is_move = from != NONE && target != NONE, told;
        /* Of the two ends of a move, the one that comes first in order tells it. */
        bool is_second = is_move && (order < 0 ? strcmp(path_of(seen, (size_t)target), old_path) < 0
                                               : strcmp(path_of(known, (size_t)from), new_path) < 0);
        if (is_second)
            told = order < 0 ? find(next, path_of(seen, (size_t)target), strlen(path_of(seen, (size_t)target))) != NONE
                             : find(next, path_of(known, (size_t)from), strlen(path_of(known, (size_t)from))) == NONE;
        else if (is_move)
            told = went_along(known, seen, &moves, from, target)
                       ? !batch.full
                       : put(&batch, AGENT_CHANGE_MOVED, &seen->entries[target], path_of(seen, (size_t)target),
                             path_of(known, (size_t)from));
        else if (order < 0)
            told = put(&batch, AGENT_CHANGE_REMOVED, old, old_path, NULL);
        else
            told = put(&batch, AGENT_CHANGE_CREATED, new, new_path, NULL);
        if (order < 0) {
            if (!told)
                fits = add(next, *old, "", old_path);
            i++;
        } else {
            if (told)
                fits = add(next, *new, "", new_path);
            j++;
        }
    }
    free(moves.from_known);
    free(moves.from_seen);
    return fits ? (long)(room - batch.left) : -1;
}
