#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Whatever is left in the memory a process begins with: its stack, its environment, what the loader used. */
int main(void)
{
    static const char *const halves[][2] = {{"redi", "s://"}, {"RUNYA", "RD_"}, {"podma", "n.sock"}, {"AUTH_", "KEY"}, {"PASSW", "ORD="}};
    char line[512], word[32];
    int found = 0, looked = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        char mode[5];
        if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 || mode[0] != 'r' || strstr(line, "[v") || strstr(line, ".so") || strstr(line, "a.out"))
            continue;
        looked++;
        for (int i = 0; i < 5; i++) {
            snprintf(word, sizeof word, "%s%s", halves[i][0], halves[i][1]);
            void *at = memmem((void *)from, to - from, word, strlen(word));
            /* The word itself stands on the stack. */
            if (at && ((char *)at < word || (char *)at >= word + sizeof word)) {
                printf("%s in %s", word, line);
                found++;
            }
            memset(word, 0, sizeof word);
        }
    }
    printf("%s, %d found\n", looked >= 2 ? "looked" : "saw nothing", found);
}
