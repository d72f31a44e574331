#include <iostream>
#include <thread>

static void add(int first, int last, int &total) {
    for (int n = first; n <= last; n++) total += n;
}

int main() {
    int lower = 0, upper = 0;
    std::thread a(add, 1, 50, std::ref(lower)), b(add, 51, 100, std::ref(upper));
    a.join();
    b.join();
    std::cout << lower + upper << '\n';
}
