public class Main {
    // ÿþ
    public static void main(String[] a) { System.out.println("latin"); }
}
