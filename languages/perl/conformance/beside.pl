open my $file, '<', 'beside.txt' or die;
print while <$file>;
