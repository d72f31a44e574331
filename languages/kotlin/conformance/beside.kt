import java.io.File

fun main() {
    print(File("beside.txt").readText())
}
