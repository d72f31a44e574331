# tclsh line-buffer.tcl FILE [ARGUMENT...]: runs the file; output is seen as it is printed, and what was printed before a limit ended
# the program is not lost.
fconfigure stdout -buffering line
set argv0 [lindex $argv 0]
set argv [lrange $argv 1 end]
incr argc -1
source -encoding utf-8 $argv0
