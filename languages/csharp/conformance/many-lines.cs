using System;

class Program
{
    static void Main()
    {
        for (int i = 1; i <= 100000; i++) Console.WriteLine(i);
    }
}
