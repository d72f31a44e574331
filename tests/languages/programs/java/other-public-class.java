public final class Solution {
    public static void main(String[] args) {
        System.out.println(Solution.class);
    }
}
