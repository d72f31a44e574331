class Main {
    static function sum(n:Int):Int {
        return n == 0 ? 0 : n + sum(n - 1);
    }

    static function main() {
        Sys.println(sum(10000));
    }
}
