/*
 * A watch looks at its folder again and again, and tells what has changed since it last told. It waits until that was taken before it
 * looks again, so what waits is bounded whatever programs do: many changes of a file become one, and those that do not fit one frame
 * come with the next. A look takes at most a twentieth of the agent's time.
 */
#include "agent-watches.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent-tree.h"
#include "clock.h"

enum { LOOK_US = 100000, LONGEST_US = 5000000, REST = 20, BATCH_HEAD = 4 + 1 };

struct watch {
    bool used, recursive, is_behind; /* behind: more is in it than can be watched */
    bool waits;                      /* for what was told to be taken */
    uint32_t id;
    char *root;
    struct tree known;
    uint64_t due_us;
};

static struct watch watches[AGENT_WATCHES];

static struct watch *find(uint32_t id)
{
    for (size_t i = 0; i < AGENT_WATCHES; i++)
        if (watches[i].used && watches[i].id == id)
            return &watches[i];
    return NULL;
}

/* @param began on the clock of the process */
static void rest(struct watch *watch, uint64_t began)
{
    uint64_t pause = (clock_us(CLOCK_PROCESS_CPUTIME_ID) - began) * REST;
    pause = pause < LOOK_US ? LOOK_US : pause > LONGEST_US ? LONGEST_US : pause;
    watch->due_us = clock_us(CLOCK_MONOTONIC) + pause;
}

static void forget(struct watch *watch)
{
    tree_free(&watch->known);
    free(watch->root);
    *watch = (struct watch){0};
}

void watches_start(uint32_t id, struct reader request)
{
    const bool recursive = read_number(&request, 1) == 1;
    const char *root = read_text(&request);
    struct watch *watch = NULL;
    if (find(id))
        fault("a watch that there is already");
    for (size_t i = 0; i < AGENT_WATCHES && !watch; i++)
        if (!watches[i].used)
            watch = &watches[i];
    if (!watch) {
        send_failed(id, EUSERS);
        return;
    }
    uint64_t began = clock_us(CLOCK_PROCESS_CPUTIME_ID);
    *watch = (struct watch){.used = true, .id = id, .recursive = recursive, .root = strdup(root)};
    int error = watch->root ? tree_scan(&watch->known, root, recursive, true) : ENOMEM;
    if (error) {
        forget(watch);
        send_failed(id, error);
        return;
    }
    rest(watch, began);
    send_about(AGENT_DONE, id, NULL, 0);
}

/* Those of a watch that is gone are late, and mean nothing. */
void watches_taken(uint32_t id)
{
    struct watch *watch = find(id);
    if (watch)
        watch->waits = false;
}

void watches_stop(uint32_t id)
{
    struct watch *watch = find(id);
    if (!watch)
        fault("a watch that is none");
    forget(watch);
    send_about(AGENT_DONE, id, NULL, 0);
}

int watches_timeout(void)
{
    uint64_t now = clock_us(CLOCK_MONOTONIC), next = UINT64_MAX;
    for (size_t i = 0; i < AGENT_WATCHES; i++)
        if (watches[i].used && !watches[i].waits && watches[i].due_us < next)
            next = watches[i].due_us;
    return next == UINT64_MAX ? -1 : next <= now ? 0 : (int)((next - now) / 1000 + 1);
}

static void look(struct watch *watch)
{
    static uint8_t batch[AGENT_WATCH_BATCH];
    struct tree seen = {0}, next = {0};
    int error = tree_scan(&seen, watch->root, watch->recursive, false);
    long length = error ? 0 : tree_changes(&watch->known, &seen, &next, batch + BATCH_HEAD, sizeof batch - BATCH_HEAD);
    tree_free(&seen);
    /* What cannot be looked at now, for want of memory or descriptors, is looked at later. */
    if (length < 0 || (error && error != E2BIG)) {
        tree_free(&next);
        return;
    }
    const bool is_behind = error == E2BIG, is_news = is_behind != watch->is_behind;
    if (!error) {
        tree_free(&watch->known);
        watch->known = next;
    }
    watch->is_behind = is_behind;
    if (length == 0 && !is_news)
        return;
    put_number(batch, watch->id, 4);
    batch[4] = is_behind;
    memcpy(transport_reserve((size_t)length + BATCH_HEAD), batch, (size_t)length + BATCH_HEAD);
    transport_commit((enum frame_type)AGENT_CHANGES, (size_t)length + BATCH_HEAD);
    watch->waits = true;
}

void watches_serve(void)
{
    for (size_t i = 0; i < AGENT_WATCHES; i++) {
        struct watch *watch = &watches[i];
        if (!watch->used || watch->waits || watch->due_us > clock_us(CLOCK_MONOTONIC) || !room_for_answer())
            continue;
        uint64_t began = clock_us(CLOCK_PROCESS_CPUTIME_ID);
        look(watch);
        rest(watch, began);
    }
}
