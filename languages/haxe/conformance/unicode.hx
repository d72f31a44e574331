class Main {
    static function main() {
        Sys.println(Sys.stdin().readLine());
        Sys.println("Äpfel, 日本 🚀");
    }
}
