read -r stat <"/proc/$$/stat"
set -- ${stat##*) }
echo "${20}e-2"
