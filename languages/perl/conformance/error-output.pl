print "out\n";
print STDERR "err\n";
