(import (chicken io))
(print (call-with-input-file "beside.txt" read-line))
