print("before")
nosuch()
