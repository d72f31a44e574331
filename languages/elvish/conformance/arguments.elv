for word $args { echo '['$word']' }
