import json
import os

print(json.dumps(dict(sorted(os.environ.items()))))
