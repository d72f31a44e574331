console.log(Deno.readTextFileSync('beside.txt').trimEnd())
