import os

os.chmod('/job', 0)
print('locked')
