#define A(x) x x x x x x x x x x
#define B(x) A(A(x))
#define C(x) B(B(x))
#define D(x) C(C(x))
#define NUMBER 1,
int numbers[] = {D(NUMBER)};
int main(void) { return 0; }
