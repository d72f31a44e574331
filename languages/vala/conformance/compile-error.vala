void main() {
    nosuch();
}
