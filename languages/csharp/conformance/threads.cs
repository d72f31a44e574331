using System;
using System.Threading;

class Program
{
    static int Sum(int first, int last)
    {
        int total = 0;
        for (int n = first; n <= last; n++) total += n;
        return total;
    }

    static void Main()
    {
        int lower = 0, upper = 0;
        var a = new Thread(() => lower = Sum(1, 50));
        var b = new Thread(() => upper = Sum(51, 100));
        a.Start();
        b.Start();
        a.Join();
        b.Join();
        Console.WriteLine(lower + upper);
    }
}
