{ print "[" $0 "]" }
