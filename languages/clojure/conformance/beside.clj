(with-open [file (clojure.java.io/reader "beside.txt")]
  (doseq [line (line-seq file)] (println line)))
