const fs = require('fs')
const { join } = require('node:path')
console.log(typeof fs.readFileSync, join('a', 'b'), require.main === module)
