from-lines | each {|line| echo $line }
echo 'Äpfel, 日本 🚀'
