class Program
{
    static int Main() => 7;
}
