#include <pthread.h>
#include <stdio.h>

struct part {
    int first, last, total;
};

static void *add(void *argument) {
    struct part *part = argument;
    for (int n = part->first; n <= part->last; n++) part->total += n;
    return NULL;
}

int main(void) {
    struct part lower = {1, 50, 0}, upper = {51, 100, 0};
    pthread_t a, b;
    if (pthread_create(&a, NULL, add, &lower) || pthread_create(&b, NULL, add, &upper)) return 1;
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    printf("%d\n", lower.total + upper.total);
}
