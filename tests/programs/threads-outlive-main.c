#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *last(void *unused)
{
    usleep(300000);
    puts("the last thread ends");
    fflush(stdout);
    exit(5);
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, last, NULL);
    pthread_exit(NULL);
}
