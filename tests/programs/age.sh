read -r stat <"/proc/$$/stat"
read -r now _ </proc/uptime
set -- ${stat##*) }
age=$((${now%.*}${now#*.} - ${20}))
if ((age > 150)); then echo old; else echo young; fi
