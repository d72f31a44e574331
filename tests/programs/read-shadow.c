/* The compiler reads what the program's user may read, and says what it read. */
#include "/etc/shadow"
#include "/proc/1/environ"
#include "/.runyard/init"
int main(void) { return 0; }
