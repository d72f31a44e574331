package some.where;

class Helper {}

class Program {
    public static void main(String[] args) {
        System.exit(7);
    }
}
