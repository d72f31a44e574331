// Outside of the heap, where no limit of Node's own counts.
console.log('allocating')
const kept = []
for (;;) kept.push(Buffer.alloc(64 << 20, 1))
