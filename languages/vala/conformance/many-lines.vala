void main() {
    for (int i = 1; i <= 100000; i++) stdout.printf("%d\n", i);
}
