package require Thread
proc start {first last} {
    thread::create -joinable [subst -nocommands {
        for {set n $first} {\$n <= $last} {incr n} { tsv::incr sums total \$n }
    }]
}
tsv::set sums total 0
foreach id [list [start 1 50] [start 51 100]] { thread::join $id }
puts [tsv::get sums total]
