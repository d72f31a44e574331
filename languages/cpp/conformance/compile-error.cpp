int main() {
    return nosuch;
}
