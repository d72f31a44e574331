puts gets
puts "Äpfel, 日本 🚀"
