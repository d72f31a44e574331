sum = (n) -> if n is 0 then 0 else n + sum n - 1
console.log sum 10000
