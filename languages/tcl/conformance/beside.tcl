set file [open beside.txt]
puts -nonewline [read $file]
close $file
