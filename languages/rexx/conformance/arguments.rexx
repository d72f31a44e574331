parse arg words
do i = 1 to words(words)
  say '['word(words, i)']'
end
