int main() {
    write("before\n");
    error("boom\n");
}
