(loop for i from 1 to 100000 do (format t "~a~%" i))
