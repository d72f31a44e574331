puts out
puts stderr err
