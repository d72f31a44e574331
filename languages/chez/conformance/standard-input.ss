(let loop ((line (get-line (current-input-port))))
  (unless (eof-object? line)
    (printf "[~a]\n" line)
    (loop (get-line (current-input-port)))))
