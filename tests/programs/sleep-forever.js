console.log('asleep')
setInterval(() => {}, 3600_000)
