create line 80 allot
s" beside.txt" r/o open-file throw value file
line 80 file read-line throw drop line swap type cr
file close-file throw
