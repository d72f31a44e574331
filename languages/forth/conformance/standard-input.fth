: shown ( first -- ) ." [" begin dup 10 <> over 0< 0= and while emit key repeat drop ." ]" cr ;
: copy begin key dup 0< 0= while shown repeat drop ;
copy
