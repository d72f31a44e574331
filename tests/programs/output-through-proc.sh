echo one > /proc/self/fd/1
echo two > /dev/fd/1
echo three >> "/proc/$$/fd/1"
echo four > "/proc/$BASHPID/task/$BASHPID/fd/1"
(echo five > "/proc/$$/fd/2")
exec 9> /dev/stdout
echo six >&9
