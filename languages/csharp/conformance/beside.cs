using System;
using System.IO;

class Program
{
    static void Main()
    {
        Console.Write(File.ReadAllText("beside.txt"));
    }
}
