process.stdout.write(require('node:fs').readFileSync(0, 'utf8'))
console.log('Äpfel, 日本 🚀')
