#include <stdio.h>

int main(void) {
    char line[100];
    if (fgets(line, sizeof line, stdin)) fputs(line, stdout);
    puts("Äpfel, 日本 🚀");
}
