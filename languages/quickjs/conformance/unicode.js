console.log(std.in.getline())
console.log('Äpfel, 日本 🚀')
