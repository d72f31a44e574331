(for-each (lambda (word) (printf "[~a]\n" word)) (command-line-arguments))
