(for-each (lambda (word) (format #t "[~a]\n" word)) (cdr (command-line)))
