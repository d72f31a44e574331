int sum(int n) {
    return n == 0 ? 0 : n + sum(n - 1);
}

void main() {
    stdout.printf("%d\n", sum(10000));
}
