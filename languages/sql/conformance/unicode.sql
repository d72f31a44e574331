create table lines (line text);
.import /dev/stdin lines
.separator "\n"
select * from lines;
select 'Äpfel, 日本 🚀';
