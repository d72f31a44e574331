Deno.exit(7)
