(print (io.read))
(print "Äpfel, 日本 🚀")
