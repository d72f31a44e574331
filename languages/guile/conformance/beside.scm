(use-modules (ice-9 rdelim))
(display (call-with-input-file "beside.txt" read-line))
(newline)
