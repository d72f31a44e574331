. ./lib/greeting.sh
echo "$greeting"
