/* Every file includes two more, 2 to the power of 100 in all, and none is deeper than the compiler allows. */
#if __INCLUDE_LEVEL__ < 100
#include "main.c"
#include "main.c"
#else
int main(void);
#endif
