say 'before';
die 'boom';
