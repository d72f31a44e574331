console.log "[#{word}]" for word in process.argv[2..]
