import sys.thread.Deque;
import sys.thread.Thread;

class Main {
    static function sum(first:Int, last:Int):Int {
        var total = 0;
        for (n in first...last + 1) total += n;
        return total;
    }

    static function main() {
        var parts = new Deque<Int>();
        Thread.create(() -> parts.add(sum(1, 50)));
        Thread.create(() -> parts.add(sum(51, 100)));
        Sys.println(parts.pop(true) + parts.pop(true));
    }
}
