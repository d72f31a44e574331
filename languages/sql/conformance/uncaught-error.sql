select 'before';
select * from nosuch;
