import java.util.Lost;

public class Main {
    int f() { }
    void g() throws Exception { undefined(); }
    public static void main(String[] args) {
        String s = 1;
        g(;
    }
}
