for i in [1 .. 100000] do
  Print(i, "\n");
od;
