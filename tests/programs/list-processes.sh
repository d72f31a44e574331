# The shell and process 1, which says nothing of what it works for.
for process in /proc/[0-9]*; do
  number=${process#/proc/}
  [ "$number" = $$ ] && continue
  mapfile -d '' words < "$process/cmdline"
  read -r name < "$process/comm"
  echo "$number $name ${words[0]}"
done
