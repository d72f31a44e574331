/* What is in a folder at one moment, and what became of it until another. */
#ifndef RUNYARD_AGENT_TREE_H
#define RUNYARD_AGENT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Paths are relative to the folder; `path` is where in the tree's text it stands. */
struct entry {
    size_t path;
    uint64_t inode, size;
    int64_t modified_ns;
    uint32_t mode;
};

/* Sorted by path. All zero: empty. */
struct tree {
    struct entry *entries;
    size_t count, room;
    char *text;
    size_t text_used, text_room;
};

/*
 * Fills an empty tree. @param is_first whether the folder has to be there; later, one that is gone is an empty one.
 * @returns 0 or an errno: E2BIG when there is more in it than can be watched. What was found is to be freed in either case
 */
int tree_scan(struct tree *tree, const char *root, bool recursive, bool is_first);
void tree_free(struct tree *tree);

/*
 * Writes what changed from `known` to `seen`, as `AGENT_CHANGES` has it, while it fits; `next`, an empty tree, becomes what is known
 * with that: the rest is found again by the next call. @returns the bytes written; -1 when memory is short
 */
long tree_changes(const struct tree *known, const struct tree *seen, struct tree *next, uint8_t *to, size_t room);

#endif
