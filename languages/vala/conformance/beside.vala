int main() {
    string text;
    try {
        FileUtils.get_contents("beside.txt", out text);
    } catch (FileError error) {
        stderr.printf("%s\n", error.message);
        return 1;
    }
    stdout.printf("%s", text);
    return 0;
}
