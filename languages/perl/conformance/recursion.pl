sub sum {
    my ($n) = @_;
    return $n == 0 ? 0 : $n + sum($n - 1);
}
print sum(10_000), "\n";
