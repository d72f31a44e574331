import core.volatile : volatileLoad;
import std.stdio;

uint sum(uint n)
{
    if (n == 0)
        return 0;
    // Read again after the call: the compiler makes no loop of it.
    uint here = n;
    uint below = sum(n - 1);
    return below + volatileLoad(&here);
}

void main()
{
    writeln(sum(10_000));
}
