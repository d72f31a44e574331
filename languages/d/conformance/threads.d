import core.thread, std.stdio;

__gshared int lower, upper;

void main()
{
    auto a = new Thread({ foreach (n; 1 .. 51) lower += n; }).start;
    auto b = new Thread({ foreach (n; 51 .. 101) upper += n; }).start;
    a.join;
    b.join;
    writeln(lower + upper);
}
