(display (call-with-input-file "beside.txt" get-line))
(newline)
