fun main() {
    nosuch()
}
