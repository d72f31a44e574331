(defn sum [first last] (reduce + (range first (inc last))))
(let [lower (future (sum 1 50))
      upper (future (sum 51 100))]
  (println (+ @lower @upper)))
(shutdown-agents)
