rm main.sh
mkfifo main.sh
echo replaced
