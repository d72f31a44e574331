puts [gets stdin]
puts "Äpfel, 日本 🚀"
