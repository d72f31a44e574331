use threads;
use List::Util 'sum';

my $lower = threads->create(sub { sum(1 .. 50) });
my $upper = threads->create(sub { sum(51 .. 100) });
print $lower->join + $upper->join, "\n";
