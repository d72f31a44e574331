int sum(int first, int last) {
    int total = 0;
    for (int n = first; n <= last; n++) total += n;
    return total;
}

int main() {
    Thread.Thread lower = Thread.Thread(sum, 1, 50);
    Thread.Thread upper = Thread.Thread(sum, 51, 100);
    write("%d\n", lower->wait() + upper->wait());
    return 0;
}
