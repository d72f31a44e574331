import java.util.*;

class Notes {
    public static void main(String[] args) {
        List raw = new ArrayList();
        raw.add(1);
        System.out.println(new Date(2020, 1, 1).getYear() + " " + raw);
    }
}
