int lower = 0
int upper = 0
def threads = [
    Thread.start { lower = (1..50).sum() },
    Thread.start { upper = (51..100).sum() },
]
threads*.join()
println lower + upper
