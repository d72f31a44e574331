void main() {
    stdout.printf("%s\n", stdin.read_line());
    stdout.printf("Äpfel, 日本 🚀\n");
}
