say "[$_]" for $*IN.lines;
