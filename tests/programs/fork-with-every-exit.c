#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void multiply(void)
{
    if (fork() == 0) {
        setsid();
        atexit(multiply);
        exit(0);
    }
}

/* Whoever ends begins again from the handlers of its end. */
int main(void)
{
    atexit(multiply);
    puts("ends");
}
