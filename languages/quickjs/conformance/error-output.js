console.log('out')
std.err.puts('err\n')
