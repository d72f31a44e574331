print "$_\n" for 1 .. 100_000;
