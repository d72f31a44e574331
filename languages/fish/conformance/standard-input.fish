while read --line line
    echo "[$line]"
end
