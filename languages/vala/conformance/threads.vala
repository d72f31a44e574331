int sum(int first, int last) {
    int total = 0;
    for (int n = first; n <= last; n++) total += n;
    return total;
}

void main() {
    var lower = new Thread<int>("lower", () => sum(1, 50));
    var upper = new Thread<int>("upper", () => sum(51, 100));
    stdout.printf("%d\n", lower.join() + upper.join());
}
