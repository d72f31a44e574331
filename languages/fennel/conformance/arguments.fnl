(each [_ word (ipairs arg)]
  (print (.. "[" word "]")))
