class Main {
    static function main() {
        for (word in Sys.args()) Sys.println("[" + word + "]");
    }
}
