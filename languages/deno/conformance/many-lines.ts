for (let i = 1; i <= 100_000; i++) console.log(i)
