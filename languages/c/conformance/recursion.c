#include <stdio.h>

static int sum(int n) {
    // Read again after the call: the compiler makes no loop of it.
    volatile int here = n;
    if (n == 0) return 0;
    int below = sum(n - 1);
    return below + here;
}

int main(void) {
    printf("%d\n", sum(10000));
}
