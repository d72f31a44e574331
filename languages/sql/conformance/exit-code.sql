select 'before';
.exit 7
