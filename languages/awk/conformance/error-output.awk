BEGIN {
    print "out"
    print "err" > "/dev/stderr"
}
