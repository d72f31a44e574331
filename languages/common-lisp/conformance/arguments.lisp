(dolist (word (cdr sb-ext:*posix-argv*))
  (format t "[~a]~%" word))
