(for-each (lambda (word) (print "[" word "]")) (cdr (command-line)))
