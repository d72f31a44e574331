(dolist (word ext:*args*)
  (format t "[~a]~%" word))
