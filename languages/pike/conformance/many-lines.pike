int main() {
    for (int i = 1; i <= 100000; i++) write("%d\n", i);
    return 0;
}
