const text: string = await new Response(Deno.stdin.readable).text()
console.log(text.trimEnd())
console.log('Äpfel, 日本 🚀')
