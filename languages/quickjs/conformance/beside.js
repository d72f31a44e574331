console.log(std.loadFile('beside.txt').trimEnd())
