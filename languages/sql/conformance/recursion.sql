with recursive sums (n, total) as (
  values (0, 0)
  union all
  select n + 1, total + n + 1 from sums where n < 10000
)
select max(total) from sums;
