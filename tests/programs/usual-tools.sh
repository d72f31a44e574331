for tool in bc clear column file jq less patch ps tree unzip xz zip; do
  command -v "$tool" >/dev/null || echo "no $tool"
done
ps -o comm= -p $$
clear | od -An -c | tr -d ' \n' && echo
printf 'a 1\nbb 22\n' | column -t
echo text | xz | xz -d
echo old >a && echo new >b && diff a b | patch -s a && cat a
locale -a | sort | tr '\n' ' '
