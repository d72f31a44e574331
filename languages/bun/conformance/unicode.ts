const text: string = await Bun.stdin.text()
console.log(text.trimEnd())
console.log('Äpfel, 日本 🚀')
