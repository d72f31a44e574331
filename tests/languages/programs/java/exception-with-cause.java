import java.util.function.Supplier;

public class Main {
    static Supplier<Integer> later = () -> Integer.parseInt("x");
    public static void main(String[] args) {
        Thread other = new Thread(() -> { throw new IllegalStateException("in a thread"); });
        other.start();
        try { other.join(); later.get(); }
        catch (NumberFormatException | InterruptedException error) { throw new RuntimeException("outer", error); }
    }
}
