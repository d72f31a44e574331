create temp table lines (number serial, line text);
\copy lines (line) from pstdin
select '[' || line || ']' from lines order by number;
