void main() {
    error("boom");
}
