(import (chicken process-context))
(for-each (lambda (word) (print "[" word "]")) (command-line-arguments))
