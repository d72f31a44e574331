const text: string = await new Response(Deno.stdin.readable).text()
for (const line of text.split('\n').slice(0, -1)) console.log(`[${line}]`)
