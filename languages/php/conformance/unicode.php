<?php
echo fgets(STDIN);
echo "Äpfel, 日本 🚀\n";
