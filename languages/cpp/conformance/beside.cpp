#include <fstream>
#include <iostream>

int main() {
    std::ifstream file("beside.txt");
    std::cout << file.rdbuf();
}
