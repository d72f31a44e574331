(defun sum (first last) (loop for n from first to last sum n))
(let ((lower (sb-thread:make-thread #'sum :arguments '(1 50)))
      (upper (sb-thread:make-thread #'sum :arguments '(51 100))))
  (format t "~a~%" (+ (sb-thread:join-thread lower) (sb-thread:join-thread upper))))
