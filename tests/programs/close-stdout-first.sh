exec 1>&-
echo nowhere
echo 'still there' >&2
exit 3
