import std.stdio;

int sum(int n)
{
    return n == 0 ? 0 : n + sum(n - 1);
}

void main()
{
    writeln(sum(10_000));
}
