import os
import time

os.close(0)
time.sleep(0.1)
print('done with input closed')
