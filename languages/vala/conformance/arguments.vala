void main(string[] args) {
    foreach (var word in args[1:args.length]) stdout.printf("[%s]\n", word);
}
