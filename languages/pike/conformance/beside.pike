int main() {
    write(Stdio.read_file("beside.txt"));
    return 0;
}
