for {set i 1} {$i <= 100000} {incr i} { puts $i }
