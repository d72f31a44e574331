println System.in.newReader('UTF-8').readLine()
println 'Äpfel, 日本 🚀'
