char zeros[1 << 30] = {1};
int main(void) { return zeros[0]; }
