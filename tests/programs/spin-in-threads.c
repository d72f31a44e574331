#include <pthread.h>
#include <stddef.h>

static void *spin(void *unused)
{
    for (volatile unsigned long n = 0;; n++)
        ;
    return unused;
}

int main(void)
{
    pthread_t thread;
    for (int i = 0; i < 30; i++)
        pthread_create(&thread, NULL, spin, NULL);
    spin(NULL);
}
