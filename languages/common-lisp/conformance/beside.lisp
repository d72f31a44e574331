(with-open-file (file "beside.txt") (format t "~a~%" (read-line file)))
