/* What is dear to count is counted seldom, also for who holds nearly as many as there may be. */
#include "../../../sandbox/seccomp-notify.c"

#include "check.h"

static size_t held, counts;

static size_t count_held(size_t most)
{
    counts++;
    return held < most ? held : most;
}

static void counts_seldom(const struct bound *kind)
{
    struct bound bound = *kind;
    held = counts = 0;
    for (size_t i = 0; i < 10 * bound.most; i++)
        CHECK(may_have(&bound, count_held));
    CHECK(counts == 9);
    held = bound.most - 1;
    while (bound.left > 0)
        CHECK(may_have(&bound, count_held));
    counts = 0;
    for (size_t i = 0; i < 10 * bound.calls; i++)
        CHECK(may_have(&bound, count_held));
    CHECK(counts == 10);
}

static void ends(const struct bound *kind)
{
    struct bound bound = *kind;
    for (held = 0; may_have(&bound, count_held);)
        held++;
    CHECK(held >= bound.most && held < bound.most + bound.calls);
    /* After some time it is counted again. */
    held = 0;
    CHECK(!may_have(&bound, count_held));
    bound.counted_us -= RECOUNT_US;
    CHECK(may_have(&bound, count_held));
}

int main(void)
{
    const struct bound *const kinds[] = {&own_locks, &shared_locks, &few_listeners};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        counts_seldom(kinds[i]);
        ends(kinds[i]);
    }
    CHECK(shared_locks.calls >= 128);
    return 0;
}
