interp recursionlimit {} 20000
proc sum n {
    if {$n == 0} { return 0 }
    expr {$n + [sum [expr {$n - 1}]]}
}
puts [sum 10000]
