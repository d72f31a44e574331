import std.stdio;

void main()
{
    foreach (line; stdin.byLine) writefln("[%s]", line);
}
