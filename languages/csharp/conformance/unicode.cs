using System;

class Program
{
    static void Main()
    {
        Console.WriteLine(Console.ReadLine());
        Console.WriteLine("Äpfel, 日本 🚀");
    }
}
