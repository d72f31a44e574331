select 'before';
select nosuch;
