let line
while ((line = std.in.getline()) !== null) console.log(`[${line}]`)
