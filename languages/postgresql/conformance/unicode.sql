create temp table lines (line text);
\copy lines from pstdin
select line from lines;
select 'Äpfel, 日本 🚀';
