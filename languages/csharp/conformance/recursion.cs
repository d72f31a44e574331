using System;

class Program
{
    static int Sum(int n)
    {
        return n == 0 ? 0 : n + Sum(n - 1);
    }

    static void Main()
    {
        Console.WriteLine(Sum(10000));
    }
}
