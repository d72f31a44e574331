(println "before")
(throw (Exception. "boom"))
