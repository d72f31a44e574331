#include <stdio.h>

int main(void) {
    FILE *file = fopen("beside.txt", "r");
    if (!file) return 1;
    int c;
    while ((c = getc(file)) != EOF) putchar(c);
    fclose(file);
}
