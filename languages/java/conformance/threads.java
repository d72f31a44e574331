public class Threads {
    static int lower, upper;

    static int sum(int first, int last) {
        int total = 0;
        for (int n = first; n <= last; n++) total += n;
        return total;
    }

    public static void main(String[] args) throws InterruptedException {
        Thread a = new Thread(() -> lower = sum(1, 50)), b = new Thread(() -> upper = sum(51, 100));
        a.start();
        b.start();
        a.join();
        b.join();
        System.out.println(lower + upper);
    }
}
