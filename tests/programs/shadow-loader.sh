# What the next test's bash reads before its first line.
echo 'echo from .bashrc' > .bashrc
echo 'echo from .profile' > .profile
echo 'echo from .bash_profile' > .bash_profile
echo 'echo from .inputrc' > .inputrc
mkdir -p .config && echo x > .config/bash
echo hello
