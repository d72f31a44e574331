console.log((await Bun.file('beside.txt').text()).trimEnd())
