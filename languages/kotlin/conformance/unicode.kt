fun main() {
    println(readLine())
    println("Äpfel, 日本 🚀")
}
