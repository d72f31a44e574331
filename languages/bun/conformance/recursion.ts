const sum = (n: number): number => (n === 0 ? 0 : n + sum(n - 1))
console.log(sum(10_000))
