/* A thousand gibibytes, which it asks for at once. */
#define TEN ".quad 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1\n"
__asm__(".data\n.rept 2000000000\n" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN ".endr\n.text");
int main(void) { return 0; }
