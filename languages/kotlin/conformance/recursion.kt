fun sum(n: Int): Int = if (n == 0) 0 else n + sum(n - 1)

fun main() {
    println(sum(10_000))
}
