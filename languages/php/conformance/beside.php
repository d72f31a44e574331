<?php
echo file_get_contents('beside.txt');
