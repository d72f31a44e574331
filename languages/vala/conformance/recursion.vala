int sum(int n) {
    if (n == 0) return 0;
    // Read again after the call: the compiler makes no loop of it.
    int here = n;
    int below = sum(n - 1);
    return below + AtomicInt.add(ref here, 0);
}

void main() {
    stdout.printf("%d\n", sum(10000));
}
