puts before
error boom
