<?php
for ($i = 1; $i <= 100000; $i++) echo "$i\n";
