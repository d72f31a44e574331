(println (read-line))
(println "Äpfel, 日本 🚀")
