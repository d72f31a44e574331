import java.util.Scanner;

public class Reader {
    public static void main(String[] args) {
        Scanner input = new Scanner(System.in);
        while (input.hasNextLine()) System.out.println("[" + input.nextLine() + "]");
    }
}
