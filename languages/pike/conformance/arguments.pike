int main(int argc, array(string) argv) {
    foreach (argv[1..], string word) write("[%s]\n", word);
    return 0;
}
