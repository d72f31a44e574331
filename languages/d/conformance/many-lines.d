import std.stdio;

void main()
{
    foreach (i; 1 .. 100_001) writeln(i);
}
