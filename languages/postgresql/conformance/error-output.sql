select 'out';
\warn err
