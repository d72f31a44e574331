package com.example.app;

public class Main {
    public static void main(String[] args) throws Exception {
        System.out.println(Main.class + " " + Main.class.getClassLoader().getClass().getSimpleName());
        System.out.println(System.getProperty("java.class.path") + " " + System.getProperty("user.dir"));
        System.out.println(Thread.currentThread() + " " + Thread.currentThread().getStackTrace().length);
    }
}
