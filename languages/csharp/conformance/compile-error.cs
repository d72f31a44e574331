class Program
{
    static void Main()
    {
        Nosuch();
    }
}
