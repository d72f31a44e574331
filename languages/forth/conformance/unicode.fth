: copy begin key dup 0< 0= while emit repeat drop ;
copy
.( Äpfel, 日本 🚀) cr
