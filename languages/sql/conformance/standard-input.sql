create table lines (line text);
.import /dev/stdin lines
select '[' || line || ']' from lines;
