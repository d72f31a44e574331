process.stdout.write require('fs').readFileSync(0, 'utf8')
console.log 'Äpfel, 日本 🚀'
