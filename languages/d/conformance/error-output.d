import std.stdio;

void main()
{
    writeln("out");
    stderr.writeln("err");
}
