say "[$_]" for @*ARGS;
