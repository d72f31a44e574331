my $lower = start { [+] 1..50 };
my $upper = start { [+] 51..100 };
say await($lower) + await($upper);
