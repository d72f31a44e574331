ln -sf ./main.sh main.sh
echo replaced
