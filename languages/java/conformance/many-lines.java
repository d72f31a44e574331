public class Lines {
    public static void main(String[] args) {
        for (int i = 1; i <= 100_000; i++) System.out.println(i);
    }
}
