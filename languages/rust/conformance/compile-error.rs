fn main() {
    nosuch();
}
