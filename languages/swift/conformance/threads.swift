func sum(_ range: ClosedRange<Int>) async -> Int { range.reduce(0, +) }

async let lower = sum(1...50)
async let upper = sum(51...100)
print(await lower + upper)
