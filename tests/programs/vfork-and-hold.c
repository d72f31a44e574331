#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* The parent sleeps until the child, which ignores what can be ignored, is gone. */
int main(void)
{
    puts("holding");
    fflush(stdout);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_IGN);
    if (vfork() == 0)
        for (;;)
            pause();
}
