(defn sum [n] (if (zero? n) 0 (+ n (sum (dec n)))))
(println (sum 10000))
