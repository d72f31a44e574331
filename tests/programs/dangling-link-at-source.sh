ln -sf /nowhere/at/all main.sh
echo replaced
