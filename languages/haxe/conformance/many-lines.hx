class Main {
    static function main() {
        for (i in 1...100001) Sys.println(i);
    }
}
