trap '' TERM
for i in {1..20}; do (trap '' TERM; sleep 3600) & done
echo asleep
wait
