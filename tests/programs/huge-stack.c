#include <stdio.h>
#include <string.h>

__attribute__((noinline)) static int sink(int depth)
{
    volatile char frame[4096];
    memset((char *)frame, depth, sizeof frame);
    return sink(depth + 1) + frame[0];
}

int main(void)
{
    puts("sinking");
    fflush(stdout);
    return sink(0);
}
