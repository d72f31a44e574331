class Main {
    static function main() {
        Sys.print(sys.io.File.getContent("beside.txt"));
    }
}
