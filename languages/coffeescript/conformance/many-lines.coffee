console.log i for i in [1..100000]
