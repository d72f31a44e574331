(doseq [i (range 1 100001)] (println i))
