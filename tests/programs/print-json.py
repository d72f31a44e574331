import json
import random

print(json.__name__, random.__name__, json.dumps([1]), random.randint(1, 1))
