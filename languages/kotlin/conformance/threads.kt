import kotlin.concurrent.thread

fun main() {
    var lower = 0
    var upper = 0
    val threads = listOf(thread { lower = (1..50).sum() }, thread { upper = (51..100).sum() })
    threads.forEach { it.join() }
    println(lower + upper)
}
