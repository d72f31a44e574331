(print (read-line))
(print "Äpfel, 日本 🚀")
