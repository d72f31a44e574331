void main() {
    stdout.printf("out\n");
    stderr.printf("err\n");
}
