int main() {
    write("%s\n", Stdio.stdin.gets());
    write("Äpfel, 日本 🚀\n");
    return 0;
}
