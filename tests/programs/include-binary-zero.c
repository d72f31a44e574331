__asm__(".data\n.incbin \"/dev/zero\"\n.text");
int main(void) { return 0; }
