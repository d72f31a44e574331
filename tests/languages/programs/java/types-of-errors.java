import java.util.*;

public class Main {
    sealed interface S permits A {}
    record A(int x) implements S {}
    static int f(S s) { return switch (s) { }; }
    public static void main(String[] args) {
        List<String> l = List.of(1, 2);
        for (int i : l) System.out.println(i + missing);
        var x = null;
        unreachable();
        return;
        System.out.println("ä世界" + x);
    }
}
