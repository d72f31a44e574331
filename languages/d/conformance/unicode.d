import std.stdio;

void main()
{
    write(readln());
    writeln("Äpfel, 日本 🚀");
}
