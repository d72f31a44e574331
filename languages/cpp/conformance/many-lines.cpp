#include <iostream>

int main() {
    for (int i = 1; i <= 100000; i++) std::cout << i << '\n';
}
