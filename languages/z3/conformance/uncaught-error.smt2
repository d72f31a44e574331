(echo "before")
(assert nosuch)
