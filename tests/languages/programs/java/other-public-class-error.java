public final class Solution {
    public static void main(String[] args) {
        int x = "one";
    }
}
