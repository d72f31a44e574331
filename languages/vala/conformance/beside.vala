void main() throws Error {
    string text;
    FileUtils.get_contents("beside.txt", out text);
    stdout.printf("%s", text);
}
