const text: string = await Bun.stdin.text()
for (const line of text.split('\n').slice(0, -1)) console.log(`[${line}]`)
