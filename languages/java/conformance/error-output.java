void main() {
    System.out.println("out");
    System.err.println("err");
}
