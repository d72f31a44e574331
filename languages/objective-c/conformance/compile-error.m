int main(void) {
    return nosuch;
}
