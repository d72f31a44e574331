#include </dev/stdin>
#include <stdio.h>
int main(void) { puts("nothing came from there"); }
