sub total(Int $n) { $n == 0 ?? 0 !! $n + total($n - 1) }
say total(10_000);
