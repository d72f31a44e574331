rm main.sh
ln -s main.sh main.sh
echo replaced
