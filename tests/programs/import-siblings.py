import json

from parts.first import first
from parts.deep.second import second

with open('data.json') as data:
    print(first, second, json.load(data)['third'])
