for word in $argv
    echo "[$word]"
end
