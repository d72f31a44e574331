: many ( -- ) 100001 1 do i 0 .r cr loop ;
many
